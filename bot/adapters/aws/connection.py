"""ports.Aws: where readers and writers come from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters.aws.calls import MemberAccess, Reads, Writes
from bot.adapters.aws.clients import Clients, ReadClients, Workshop, read_settings, write_settings
from bot.adapters.aws.credentials import Clock, utc_now
from bot.adapters.aws.initial import InitialIdentity, standard_identity
from bot.adapters.aws.members import MemberRoles
from bot.adapters.aws.reader import MemberReader
from bot.adapters.aws.writer import MemberWriter
from bot.model.address import AccountId
from bot.model.step import Role


class ConnectedAws:
    """AWS for one run. Readers and writers share member sessions, clients and connections."""

    def __init__(self, members: MemberRoles, concurrency: int) -> None:
        self._members = members
        self._workshop = Workshop()
        self._reading = ReadClients(self._workshop, read_settings(concurrency))
        self._writing = Clients(self._workshop, write_settings(concurrency))

    def reader(self, roles: Mapping[AccountId, Role]) -> MemberReader:
        """A reader with an empty memory, through these roles."""
        return MemberReader(self._reads(MemberAccess(self._members, roles)))

    def writer(self, roles: Mapping[AccountId, Role]) -> MemberWriter:
        """A writer through these roles. Raises ValueError for one whose session only reads."""
        if any(not role.writes for role in roles.values()):
            raise ValueError("a writer was given a role whose session may only read")
        access = MemberAccess(self._members, roles)
        return MemberWriter(self._reads(access), Writes(self._writing, access))

    def _reads(self, access: MemberAccess) -> Reads:
        return Reads(self._workshop, self._reading, access)


def connect(
    session_name_suffix: str = "",
    *,
    identity: InitialIdentity | None = None,
    concurrency: int = 32,
    now: Clock = utc_now,
) -> ConnectedAws:
    """AWS through ``identity``, or else boto3's standard chain; nothing is sent yet.

    ``session_name_suffix`` (a pull request and run, say) ends every role session's name, for
    CloudTrail. ``concurrency`` is how many threads will call at once. Raises AwsError for a
    configuration that cannot be used, such as an unknown AWS_PROFILE.
    """
    initial = identity or standard_identity(concurrency)
    members = MemberRoles(initial, session_name_suffix, now)
    return ConnectedAws(members, concurrency)
