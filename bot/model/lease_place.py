"""Where a lease's record is kept, as ``--lock`` spells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NONE = "none"
DEFAULT_KEY = "meshbot"
FORMS = f"{NONE}, dynamodb://TABLE[/KEY][?region=REGION] or s3://BUCKET/KEY[?region=REGION]"

_REGION = r"(?:\?region=(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]))?"
_KEY = r"(?P<key>[A-Za-z0-9._=@+:-][A-Za-z0-9._=@+:/-]{0,511})"
_DYNAMODB = re.compile(rf"dynamodb://(?P<name>[A-Za-z0-9_.-]{{3,255}})(?:/{_KEY})?{_REGION}")
_S3 = re.compile(rf"s3://(?P<name>[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9])/{_KEY}{_REGION}")


class Backend(StrEnum):
    """What keeps the record."""

    DYNAMODB = "dynamodb"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class LeasePlace:
    """One item of a DynamoDB table, or one object of an S3 bucket.

    ``name`` is the table's or the bucket's, ``region`` empty where the surroundings decide.
    """

    backend: Backend
    name: str
    key: str = DEFAULT_KEY
    region: str = ""

    def __str__(self) -> str:
        region = f"?region={self.region}" if self.region else ""
        return f"{self.backend}://{self.name}/{self.key}{region}"


def read_place(text: str) -> LeasePlace | None:
    """A place, or None for ``none`` and nothing. Raises ValueError with the forms there are."""
    if text in ("", NONE):
        return None
    for backend, pattern in ((Backend.DYNAMODB, _DYNAMODB), (Backend.S3, _S3)):
        if found := pattern.fullmatch(text):
            key = found["key"] or DEFAULT_KEY
            return LeasePlace(backend, found["name"], key, found["region"] or "")
    raise ValueError(f"{text!r} is none of: {FORMS}")
