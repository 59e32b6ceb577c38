"""The tags that say whose a peering is: peerd's, letter for letter.

Source: peerd's ``create_vpc_peerings`` and ``accept_vpc_peerings`` (see docs/peerd.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.model.address import Pair, VpcRef
from bot.model.mesh import Mesh, Metadata
from bot.model.tags import Tags

CREATED = "peerd_created"
ENVIRONMENT = "peerd_environment"
SERVICE_NAME = "service_name"
SUPPORT = "peerd_support"
DATETIME = "peerd_datetime"
ELIGIBLE = "peerd_eligible"
OWNERSHIP_KEYS = frozenset({CREATED, ENVIRONMENT, SERVICE_NAME})


@dataclass(frozen=True, slots=True)
class SideTags:
    """The tags of both sides of a peering; one set when both live in one scope."""

    requester: Tags | None
    accepter: Tags


def peering_tags(
    requester: VpcRef,
    accepter: VpcRef,
    environment: str,
    metadata: Metadata,
    extra: Mapping[VpcRef, tuple[tuple[str, str], ...]],
) -> SideTags:
    """What peerd leaves on a peering.

    ``extra`` are the members' ``peering_tags``: the requester's entries, then the
    accepter's, over peerd's own; on the accepter's side ``Name`` and ``peerd_role`` are
    written last. Within one scope both sides are one set and the accepter's write stays.
    ``peerd_datetime`` is a clock and never part of a comparison, so it is left out.
    """
    tags = {
        "Name": _name(accepter),
        "resource_owner": metadata.resource_owner,
        "business_unit": metadata.business_unit,
        SERVICE_NAME: metadata.service_name,
        CREATED: "true",
        SUPPORT: metadata.support,
        "peerd_role": "requester",
        ENVIRONMENT: environment,
    }
    tags.update(extra.get(requester, ()))
    tags.update(extra.get(accepter, ()))
    tags.pop(DATETIME, None)
    theirs = tags | {"Name": _name(requester), "peerd_role": "accepter"}
    own = None if requester.scope == accepter.scope else Tags.of(tags)
    return SideTags(own, Tags.of(theirs))


def _name(peer: VpcRef) -> str:
    return f"peerd peering to {peer.scope.account} {peer.vpc_id} {peer.scope.region}"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which tags are ours: per environment, the service name that its file writes.

    Several peerd configurations and repositories live in the same accounts, so an
    environment's name alone proves nothing. ``renamed`` holds, by environment and member,
    the service names that a member's ``peering_tags`` put on its own peerings, as in peerd.
    """

    service_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renamed: Mapping[tuple[str, VpcRef], frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, *meshes: Mesh | None) -> Ownership:
        """What the files own, at the revisions given (head, and base when known)."""
        names: dict[str, set[str]] = {}
        renamed: dict[tuple[str, VpcRef], set[str]] = {}
        for mesh in meshes:
            for file, environment in mesh or ():
                names.setdefault(environment.name, set()).add(file.metadata.service_name)
                for member in environment.members:
                    for key, value in member.peering_tags:
                        if key == SERVICE_NAME:
                            renamed.setdefault((environment.name, member.vpc), set()).add(value)
        return cls(
            {name: frozenset(known) for name, known in names.items()},
            {place: frozenset(known) for place, known in renamed.items()},
        )

    def only(self, environments: Collection[str]) -> Ownership:
        """The same for these environments alone: the others' tags are not ours to follow."""
        names = {n: known for n, known in self.service_names.items() if n in environments}
        return Ownership(names, self.renamed)

    def environment(self, tags: Tags | None, pair: Pair) -> str | None:
        """The environment of ours that a pair's tags name, or None when they are not ours."""
        if tags is None or tags.get(CREATED) != "true":
            return None
        name, service = tags.get(ENVIRONMENT), tags.get(SERVICE_NAME)
        if name is None or name not in self.service_names:
            return None
        if service in self.service_names[name]:
            return name
        renamed = (self.renamed.get((name, vpc), ()) for vpc in (pair.first, pair.second))
        return name if any(service in names for names in renamed) else None

    def foreign(self, tags: Tags | None, pair: Pair) -> bool:
        """True when the tags say that another peerd configuration owns the pair's peering."""
        if tags is None or tags.get(CREATED) != "true" or self.environment(tags, pair) is not None:
            return False
        return bool(tags.get(ENVIRONMENT) and tags.get(SERVICE_NAME))

    def elsewhere(self, tags: Tags | None, pair: Pair) -> bool:
        """True when foreign tags name neither an environment nor a service of ours.

        One of the two alone may be a tag that drifted.
        """
        if tags is None or not self.foreign(tags, pair):
            return False
        services = frozenset().union(*self.service_names.values(), *self.renamed.values())
        known = tags.get(ENVIRONMENT) in self.service_names
        return not known and tags.get(SERVICE_NAME) not in services
