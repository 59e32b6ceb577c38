"""What is decided about one rule."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kinds.security_group_rule.spec import RuleSpec
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Verdict:
    """The change, if one is due, and what there is to tell."""

    change: Change[RuleSpec] | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


NOTHING = Verdict()
