"""What is decided about one pair."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a pair's peering.

    ``id`` is the peering that was judged, empty when there is none. ``managed``: ours, or
    ours after this plan. ``available``: it exists, ours, once the plan is applied, so that
    routes may point at it.
    """

    environments: frozenset[str]
    id: str = ""
    managed: bool = False
    available: bool = False
    change: Change[PeeringSpec] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
