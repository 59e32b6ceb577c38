"""What the options on one side of a peering are: as wanted, as observed, and as changed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.address import PEERING_OPTIONS, Address, VpcRef
from bot.model.diagnostic import SourceLine

NAME = PEERING_OPTIONS

REQUESTER, ACCEPTER = "requester", "accepter"
"""The two sides of a peering."""


@dataclass(frozen=True, slots=True)
class OptionsSpec:
    """The options on a VPC's own side of a peering, as a change shows them.

    ``side`` is ``requester`` or ``accepter``: whose options the VPC's are.
    """

    vpc: VpcRef
    peering: Address
    side: str
    allow_dns_resolution_from_remote_vpc: bool


@dataclass(frozen=True, slots=True)
class ObservedOptions:
    """A side whose option AWS shows as on. Off is what every side begins with, and is not told."""

    vpc: VpcRef


@dataclass(frozen=True, slots=True, order=True)
class OptionsClaim:
    """What one environment wants of a VPC's side; ``declared_at`` is the line that says so."""

    environment: str
    dns_resolution: bool
    declared_at: SourceLine


@dataclass(frozen=True, slots=True)
class OptionsWish:
    """A side of a peering about which an environment says something; claims sorted."""

    vpc: VpcRef
    peering: Address
    claims: tuple[OptionsClaim, ...]
