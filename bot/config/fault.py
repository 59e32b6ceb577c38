"""Collecting what is wrong with mesh files, so that all of it is said in one go."""

from __future__ import annotations

from collections.abc import Iterable

from bot.model.diagnostic import Diagnostic, Severity, SourceLine

SHOWN = 60
"""How many characters of a quoted text are shown."""


class Faults:
    """Errors and warnings, each told once, given back in file order."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, SourceLine] = {}

    def error(
        self,
        code: str,
        summary: str,
        detail: str,
        at: SourceLine,
        *,
        defined: SourceLine | None = None,
        environments: Iterable[str] = (),
    ) -> None:
        """Something that must be mended.

        ``defined`` is where the text itself stands when ``at`` is an alias for it: what is
        already wrong there is not told again for every alias.
        """
        names = frozenset(environments)
        fault = Diagnostic(Severity.ERROR, code, summary, detail, at, names)
        self._found.setdefault(fault, defined or at)

    def warning(
        self, code: str, summary: str, detail: str, at: SourceLine, *, environments: Iterable[str]
    ) -> None:
        """Something that loads and is probably not meant."""
        names = frozenset(environments)
        self._found.setdefault(Diagnostic(Severity.WARNING, code, summary, detail, at, names), at)

    def extend(self, other: Faults) -> None:
        """Take over what another collection holds."""
        self._found.update(other._found)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Every error, in file order."""
        return self._sorted(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Every warning, in file order."""
        return self._sorted(Severity.WARNING)

    def _sorted(self, severity: Severity) -> tuple[Diagnostic, ...]:
        told_at_home = {
            (d.location, d.code, d.summary) for d, home in self._found.items() if d.location == home
        }
        kept = (
            d
            for d, home in self._found.items()
            if d.severity is severity
            and (d.location == home or (home, d.code, d.summary) not in told_at_home)
        )
        return tuple(sorted(kept, key=lambda d: d.sort_key))


def quoted(text: str) -> str:
    """Hostile text for a message: in quotes, on one line, escaped, not too long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
