"""ports.Aws: where readers and writers come from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters.aws.calls import MemberAccess, Reads, Writes
from bot.adapters.aws.clients import Clients, ReadClients, Workshop, read_settings, write_settings
from bot.adapters.aws.credentials import Clock, utc_now
from bot.adapters.aws.identities import InitialAndMembers
from bot.adapters.aws.initial import InitialIdentity, Mask, standard_identity, unmasked
from bot.adapters.aws.members import MemberRoles
from bot.adapters.aws.reader import MemberReader
from bot.adapters.aws.writer import MemberWriter
from bot.model.address import AccountId
from bot.model.session import RunOrigin
from bot.model.step import Role
from bot.ports import Fence, unfenced


class ConnectedAws:
    """AWS for one run. Readers and writers share member sessions, clients and connections."""

    def __init__(self, initial: InitialIdentity, members: MemberRoles, concurrency: int) -> None:
        self.initial, self._members = initial, members
        self._workshop = Workshop()
        self._reading = ReadClients(self._workshop, read_settings(concurrency))
        self._writing = Clients(self._workshop, write_settings(concurrency))

    def reader(self, roles: Mapping[AccountId, Role]) -> MemberReader:
        """A reader with an empty memory, through these roles."""
        return MemberReader(self._reads(MemberAccess(self._members, roles)))

    def writer(self, roles: Mapping[AccountId, Role], fence: Fence = unfenced) -> MemberWriter:
        """A writer through these roles. Raises ValueError for one whose session only reads."""
        if any(not (role.writes or role.analyzes) for role in roles.values()):
            raise ValueError("a writer was given a role whose session may only read")
        access = MemberAccess(self._members, roles)
        return MemberWriter(self._reads(access), Writes(self._writing, access, fence))

    @property
    def identities(self) -> InitialAndMembers:
        """Who we are, and whom we may become."""
        return InitialAndMembers(self.initial, self._members)

    def _reads(self, access: MemberAccess) -> Reads:
        return Reads(self._workshop, self._reading, access)


def connect(
    origin: RunOrigin | None = None,
    *,
    tagged: bool = False,
    identity: InitialIdentity | None = None,
    concurrency: int = 64,
    now: Clock = utc_now,
    mask: Mask = unmasked,
) -> ConnectedAws:
    """AWS through ``identity``, or else boto3's standard chain; nothing is sent yet.

    ``origin`` is in the name of every member session, for CloudTrail, and with ``tagged`` in
    its session tags, which its role's trust policy has to allow. ``concurrency`` is how
    many threads will call at once. ``mask`` is told the secrets of member roles, unless
    ``identity`` has one of its own. Raises AwsError for a configuration that cannot be used,
    such as an unknown AWS_PROFILE.
    """
    initial = identity or standard_identity(concurrency, mask)
    members = MemberRoles(initial, origin or RunOrigin(), now, tagged=tagged)
    return ConnectedAws(initial, members, concurrency)
