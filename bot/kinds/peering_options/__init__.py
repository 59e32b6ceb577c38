"""Peering options: whether the peer's DNS queries for a VPC's names get private addresses.

Each side of a peering has options of its own, which only its owner sets, in the VPC's Region.
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
"""

from bot.kinds.base import everywhere, no_further_scopes
from bot.kinds.peering_options.attributes import questions, remarks
from bot.kinds.peering_options.desire import desire
from bot.kinds.peering_options.diff import diff
from bot.kinds.peering_options.observe import observe
from bot.kinds.peering_options.spec import NAME, ObservedOptions, OptionsSpec, OptionsWish
from bot.kinds.peering_options.steps import describe, steps

further_scopes = no_further_scopes
scopes = everywhere

__all__ = [
    "NAME",
    "ObservedOptions",
    "OptionsSpec",
    "OptionsWish",
    "describe",
    "desire",
    "diff",
    "further_scopes",
    "observe",
    "questions",
    "remarks",
    "scopes",
    "steps",
]
