"""What both backends share: a client that waits for no one long, and the Date of its answers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError

from bot.adapters.aws.clients import call
from bot.adapters.aws.faults import aws_errors
from bot.adapters.aws.initial import InitialIdentity
from bot.model.lease_place import LeasePlace

LOG = logging.getLogger(__name__)

SETTINGS = Config(
    connect_timeout=3,
    read_timeout=5,
    # a write whose answer was lost is looked into, never sent again by the client
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=4,
    user_agent_extra="meshbot",
)
"""Several attempts at a renewal have to fit between two beats and the margin."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``refusal`` is the error code, if it is one of those that were expected."""

    value: Mapping[str, Any]
    refusal: str = ""

    @property
    def date(self) -> float | None:
        """When the service answered, by its own clock, in seconds since the epoch."""
        headers = self.value.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        try:
            return parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def message(self) -> str:
        """What a refusal said."""
        return str(self.value.get("Error", {}).get("Message", ""))


def client(place: LeasePlace, identity: InitialIdentity) -> BaseClient:
    """A client of the place's service and region. Raises AwsError when nothing names a region."""
    region = place.region or identity.region
    with aws_errors(None, f"{place.backend} {place}"):
        if not region:
            raise NoRegionError
        return identity.client(str(place.backend), region, SETTINGS)


def ask(
    client: BaseClient, action: str, parameters: Mapping[str, Any], refusals: frozenset[str]
) -> Answer:
    """The answer of one call of ``action``, such as ``s3:GetObject``, sent once.

    Raises AwsError for what is not among the expected ``refusals``.
    """
    LOG.debug("%s", action)
    with aws_errors(None, action):
        try:
            return Answer(call(client, action.partition(":")[2], parameters))
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code not in refusals:
                raise
            return Answer(dict(error.response), code)
