"""Which account regions still answer, so that one that is lost cannot hold up the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bot.errors import AwsError
from bot.model.address import AccountId, Scope

SILENCE = 60.0
"""Seconds of nothing but silence after which a scope counts as lost; longer than a hiccup."""

LEAST = 3
"""Silent calls in a row that it takes at least."""

PROBES = 2
"""Calls in flight at most where the last one was not answered: others need the places."""

FIRST_CALLS = 2
"""Calls in flight at most in an account before its first answer: all of them wait until it is
signed in to, which may take minutes, and others need the places."""

PROBE_AGAIN = 1.0
"""Seconds between two such calls, and until one that had to stay back asks for its turn."""


@dataclass(slots=True)
class Silence:
    """Calls in a row that nothing answered; the next may be made at ``probe_at``."""

    since: float
    calls: int = 0
    probe_at: float = 0.0


@dataclass(slots=True)
class Contact:
    """What is known of each scope. Times are seconds on the dispatcher's clock."""

    lost: dict[Scope, AwsError] = field(default_factory=dict)
    silences: dict[Scope, Silence] = field(default_factory=dict)
    in_flight: Counter[Scope] = field(default_factory=Counter)
    in_account: Counter[AccountId] = field(default_factory=Counter)
    known: set[AccountId] = field(default_factory=set)

    def started(self, scope: Scope) -> None:
        """A call is under way."""
        self.in_flight[scope] += 1
        self.in_account[scope.account] += 1

    def ended(self, scope: Scope) -> bool:
        """A call has ended; True for the first one in its account."""
        self.in_flight[scope] -= 1
        self.in_account[scope.account] -= 1
        first = scope.account not in self.known
        self.known.add(scope.account)
        return first

    def must_wait(self, scope: Scope) -> bool:
        """True for a call in an account that nothing is known of, where enough others try."""
        account = scope.account
        return account not in self.known and self.in_account[account] >= FIRST_CALLS

    def must_stay_back(self, scope: Scope, now: float) -> bool:
        """True for a call to a silent scope, where enough others try whether it speaks again."""
        silence = self.silences.get(scope)
        if silence is None:
            return False
        if self.in_flight[scope] >= PROBES or now < silence.probe_at:
            return True
        silence.probe_at = now + PROBE_AGAIN
        return False

    def heard(self, scope: Scope) -> None:
        """AWS answered, whatever it said."""
        self.silences.pop(scope, None)

    def silent(self, scope: Scope, now: float) -> bool:
        """Nothing answered a call; True when that makes the scope lost."""
        silence = self.silences.setdefault(scope, Silence(now))
        silence.calls += 1
        return silence.calls >= LEAST and now - silence.since >= SILENCE
