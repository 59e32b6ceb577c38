"""What ``meshbot doctor`` finds: one check a row, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended. ``unproved``: it could not be looked at, and may be fine."""

    OK = "ok"
    UNPROVED = "unproved"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    ``where`` is what it belongs to (``initial identity``, an account, a scope), ``what`` the
    thing, ``found`` what was seen, and ``advice`` what to do, if anything. All texts may
    quote hostile input: renderers escape them.
    """

    verdict: Verdict
    where: str
    what: str
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in the order in which they are shown."""

    checks: tuple[Check, ...]

    @property
    def broken(self) -> bool:
        """True when something has to be mended before meshbot can work."""
        return any(check.verdict is Verdict.BROKEN for check in self.checks)

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many checks ended in each way."""
        ended = [check.verdict for check in self.checks]
        return {verdict: ended.count(verdict) for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who AWS says that we are (sts:GetCallerIdentity)."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self._field(1)

    @property
    def kind(self) -> str:
        """``user``, ``assumed-role``, ``root``, ``federated-user`` …"""
        return self._field(5).partition("/")[0]

    @property
    def role_name(self) -> str:
        """The name of an assumed role, without its path; empty for anybody else."""
        parts = self._field(5).split("/")
        return parts[1] if self.kind == "assumed-role" and len(parts) > 1 else ""

    def _field(self, number: int) -> str:
        fields = self.arn.split(":", 5)
        return fields[number] if len(fields) > number else ""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What was seen of the token for GitHub, by reads alone.

    ``refused`` has GitHub's words by permission (``contents``, ``checks`` …) for the reads
    that were refused, ``allowed`` the permissions whose reads worked. ``scopes`` are those of
    a classic token, None for other kinds, which do not tell. ``public`` means that anybody
    may read. ``problem`` says why nothing could be asked.
    """

    repository: str = ""
    in_actions: bool = False
    oidc: bool = False
    allowed: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    public: bool = False
    problem: str = ""
