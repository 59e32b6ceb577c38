"""A lease as an S3 object: created with ``If-None-Match: *``, changed and deleted by its ETag.

S3 judges the conditions of PutObject since 2024, and of DeleteObject in buckets of general
purpose since September 2025. A store that speaks S3 and refuses a conditional delete keeps the
record until it expires. One that *ignores* the conditions must not be used: two runs would hold
the lease.

Whoever may not list the bucket is told 403 where there is no object, so that looking does
not tell "none" from "not allowed to look"; creating does.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html ,
conditional-deletes.html and https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

from contextlib import closing

from botocore.client import BaseClient

from bot.adapters.aws.faults import aws_errors
from bot.adapters.aws.initial import InitialIdentity
from bot.adapters.lease.asking import Answer, ask, client
from bot.errors import AwsError
from bot.model.lease import LONGEST_TEXT, LeaseRecord, Seen, read_record
from bot.model.lease_place import LeasePlace

_MISSING = "NoSuchKey"
_HIDDEN = frozenset({"AccessDenied", "403"})
_REFUSED = frozenset({"PreconditionFailed", _MISSING, "412"})


class S3Store:
    """One object. See ports.LeaseStore."""

    def __init__(self, client: BaseClient, bucket: str, key: str) -> None:
        self._client, self._place = client, {"Bucket": bucket, "Key": key}

    @classmethod
    def of(cls, place: LeasePlace, identity: InitialIdentity) -> S3Store:
        """The object of a place. Raises AwsError."""
        return cls(client(place, identity), place.name, place.key)

    def read(self) -> Seen:
        """What is there now: S3 is consistent after every write."""
        answer = ask(self._client, "s3:GetObject", self._place, _HIDDEN | {_MISSING})
        if answer.refusal in _HIDDEN:
            return Seen(None, date=answer.date, hidden=answer.message or "not allowed to look")
        if answer.refusal:
            return Seen(None, date=answer.date)
        with aws_errors(None, "s3:GetObject"), closing(answer.value["Body"]) as body:
            text = body.read(LONGEST_TEXT + 1).decode("utf-8", "replace")
        return Seen(read_record(text), _etag(answer), answer.date)

    def write(self, record: LeaseRecord, over: str) -> Seen | None:
        """See ports.LeaseStore."""
        given = {
            **self._place,
            "Body": record.text.encode(),
            "ContentType": "application/json",
            **({"IfMatch": over} if over else {"IfNoneMatch": "*"}),
        }
        answer = ask(self._client, "s3:PutObject", given, _REFUSED)
        return None if answer.refusal else Seen(record, _etag(answer), answer.date)

    def delete(self, over: str) -> bool:
        """See ports.LeaseStore."""
        given = {**self._place, "IfMatch": over}
        return not ask(self._client, "s3:DeleteObject", given, _REFUSED).refusal


def _etag(answer: Answer) -> str:
    """Without one nothing could be written on a condition."""
    tag = str(answer.value.get("ETag") or "")
    if not tag:
        raise AwsError(None, "s3:GetObject", "NoETag", "the answer has no ETag")
    return tag
