"""What was found when AWS was looked at as it is."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.analyzer import Analyzed
from bot.model.change import Gap
from bot.model.diagnostic import Diagnostic
from bot.model.reachability import EnvironmentReach


@dataclass(frozen=True, slots=True)
class Verification:
    """Who reaches whom now, and what could not be read.

    ``analyzed`` is what AWS's Reachability Analyzer said of it, where it was asked.
    """

    reachability: tuple[EnvironmentReach, ...] = ()
    gaps: tuple[Gap, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    analyzed: Analyzed | None = None

    @property
    def whole(self) -> bool:
        """True when every wanted pair is reachable; one that is not known is not."""
        return all(reach.after.whole for reach in self.reachability)
