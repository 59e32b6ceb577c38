"""Reachability Analyzer, asked for chosen pairs: what it would be asked first, then the asking.

No lease is taken and no fence passed: those keep changes of the mesh apart, and here nothing of
it is changed. What is made (paths and analyses) is each run's own, nobody else's business, and
deleted in the end; two runs at once cost twice, and disturb neither each other nor an apply.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.adapters.threads import ThreadDispatcher
from bot.engine.analyzer.choose import (
    looked_for,
    named_pairs,
    offer,
    wanted_pairs,
    worthwhile,
)
from bot.engine.analyzer.conversation import converse
from bot.engine.analyzer.interfaces import read_interfaces
from bot.model.address import AccountId, Scope
from bot.model.analyzer import Analyzed, Offer
from bot.model.mesh import Mesh
from bot.model.step import Role
from bot.ports import Aws, Progress, Stop
from bot.usecases.identity import analyzer_roles
from bot.usecases.verify import Looked


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, about which mesh, and through which account across accounts."""

    aws: Aws
    mesh: Mesh
    through: AccountId | None
    progress: Progress
    stop: Stop

    def offered(self, looked: Looked, pairs: tuple[str, ...]) -> Offer:
        """What would be asked; network interfaces are read for it, and nothing is made.

        Raises UsageError for ``pairs`` that are none, Interrupted once ``stop`` is set.
        """
        wanted = wanted_pairs(self.mesh, looked.found.reachability, looked.facts)
        groups = named_pairs(pairs, wanted) if pairs else worthwhile(wanted)
        vpcs = looked_for(groups, self.through)
        reader = self.aws.reader(self._roles(vpcs, looked))
        with ThreadDispatcher() as dispatcher:
            found = read_interfaces(reader, vpcs, dispatcher, self.progress, self.stop)
        return offer(groups, found, self.through, named=bool(pairs))

    def asked(self, offered: Offer, looked: Looked) -> Analyzed:
        """Ask all of it, and delete what was made for it. Costs money.

        Once ``stop`` is set only deletions go on, for a few seconds.
        """
        scopes = {question.asker for question in offered.questions}
        writer = self.aws.writer(self._roles(scopes, looked))
        with ThreadDispatcher() as dispatcher:
            analyses, leftovers = converse(
                offered.questions,
                writer,
                dispatcher,
                tokens=_tokens(),
                stop=self.stop,
                progress=self.progress,
            )
        return Analyzed(offered, analyses, leftovers)

    def _roles(self, scopes: Iterable[Scope], looked: Looked) -> dict[AccountId, Role]:
        """An account that no file names has the role of the first environment's file."""
        first = next((reach.environment for reach in looked.found.reachability), "")
        known = frozenset(scopes)
        return analyzer_roles(known, self.mesh, dict.fromkeys(known, first))


def _tokens() -> Iterator[str]:
    while True:
        yield f"meshbot-{secrets.token_hex(12)}"
