"""What AWS's Reachability Analyzer is asked about pairs of members, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.address import AccountId, Scope, VpcRef
from bot.model.reachability import PairReach

TAG = "meshbot_analyzer"
"""Marks what is made for an analysis, with the value ``true``: nothing else is deleted."""

PATH, ANALYSIS = "path", "analysis"
"""What an analysis consists of at AWS: a path (``nip-``), and an analysis of it (``nia-``)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface in use, with its primary IPv4 address.

    ``attached`` to an instance; ``managed`` by an AWS service.
    """

    id: str
    vpc: VpcRef
    subnet: str
    address: str
    attached: bool = False
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """An analysis to run: the model's verdict on the pair, and between which interfaces.

    ``asker`` is the account and region that it is asked in. ``note`` says where the interfaces
    are not those that the model's reason is about.
    """

    pair: PairReach
    asker: Scope
    source: Interface
    peer: Interface
    note: str = ""

    @property
    def other_accounts(self) -> tuple[AccountId, ...]:
        """Accounts that the path goes through, besides the asker's."""
        ends = {self.pair.source.scope.account, self.pair.peer.scope.account}
        return tuple(sorted(ends - {self.asker.account}))


@dataclass(frozen=True, slots=True)
class Unasked:
    """A pair that the analyzer cannot be asked about, and why."""

    pair: PairReach
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be asked. ``left_out``: how many more the default choice would have had.

    ``named``: the pairs were named, and none was chosen.
    """

    questions: tuple[Question, ...] = ()
    unasked: tuple[Unasked, ...] = ()
    left_out: int = 0
    named: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why there is no path: AWS's code, the direction, and the ids of what it is about."""

    code: str
    direction: str = ""
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What came of a question. ``found``: whether there is a path; None without an answer.

    ``problem`` is then why.
    """

    question: Question
    found: bool | None = None
    explanations: tuple[Explanation, ...] = ()
    problem: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the analyzer says what the model says; None when it says nothing."""
        if self.found is None:
            return None
        return self.found is (self.question.pair.obstacle is None)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A path or analysis that could not be deleted. A path without an id may not exist."""

    scope: Scope
    kind: str
    id: str
    error: str


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What was offered, and what came of it."""

    offer: Offer = Offer()
    analyses: tuple[Analysis, ...] = ()
    leftovers: tuple[Leftover, ...] = ()

    @property
    def confirmed(self) -> bool:
        """True when it says of all that was asked what the model says, and nothing is left.

        A pair that was named has to be asked; one that was only chosen need not.
        """
        missing = self.offer.named and self.offer.unasked
        agreed = all(analysis.agrees for analysis in self.analyses)
        return agreed and not missing and not self.leftovers
