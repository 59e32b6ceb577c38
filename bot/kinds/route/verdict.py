"""What is decided about one route."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kinds.route.spec import RouteSpec
from bot.model.address import Address
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Verdict:
    """``blocked`` is a peering whose deletion must wait because a route to it stays.

    ``withheld`` are a route that is not made beside a gap, and the peering it would lead to.
    """

    change: Change[RouteSpec] | None = None
    diagnostic: Diagnostic | None = None
    blocked: Address | None = None
    withheld: tuple[Address, Address] | None = None


NOTHING = Verdict()
