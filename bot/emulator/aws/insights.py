"""Network insights paths and analyses, as AWS's Reachability Analyzer keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot.emulator.aws.peerings import Place


class End(NamedTuple):
    """A network interface: where it is, and its id."""

    place: Place
    id: str


@dataclass(slots=True)
class Path:
    """What an analysis is about."""

    id: str
    place: Place
    source: End
    destination: End
    protocol: str
    token: str


@dataclass(slots=True)
class PathAnalysis:
    """An analysis, with its verdict from the start; it is told once it ``ends``."""

    id: str
    path: Path
    token: str
    ends: float
    accounts: tuple[str, ...] = ()
    failure: str = ""
    explanations: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True)
class Insights:
    """All of them, by id."""

    paths: dict[str, Path] = field(default_factory=dict)
    analyses: dict[str, PathAnalysis] = field(default_factory=dict)
