"""One problem in a mesh or a plan, said to a person, with the place it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters: an error must be mended, a notice may be read."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, order=True)
class SourceLine:
    """A place in a mesh file: path as given by the user, line and column from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What happened (``summary``), why and what to do (``detail``), and where.

    ``code`` is a short stable name such as ``cidr-overlap``. ``environments`` are those
    it concerns. All texts may quote hostile input: renderers escape them.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    location: SourceLine | None = None
    environments: frozenset[str] = frozenset()

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str, str, str]:
        """File order first, then severity: no two have one, so lists are deterministic."""
        place = self.location or SourceLine("", 0, 0)
        rank = list(Severity).index(self.severity)
        return (
            place.file,
            place.line,
            place.column,
            rank,
            self.code,
            self.summary,
            self.detail,
            "\n".join(sorted(self.environments)),
        )

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        detail = f". {self.detail}" if self.detail else ""
        return f"{where}{self.severity}: {self.summary}{detail}"
