"""One analysis, from its path to the deletion of all that was made for it. Decides, asks nothing.

Path and analysis carry a client token each, so that a call whose answer was lost may be sent
again: AWS then answers with what the first one made
(https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from bot.engine.execute.codes import UNSENT, unanswered
from bot.errors import AwsError
from bot.model.address import Scope, partition
from bot.model.analyzer import (
    ANALYSIS,
    PATH,
    TAG,
    Analysis,
    Explanation,
    Interface,
    Leftover,
    Question,
)
from bot.model.aws_codes import THROTTLED

CREATE, START = "ec2:CreateNetworkInsightsPath", "ec2:StartNetworkInsightsAnalysis"
DELETE_ANALYSIS = "ec2:DeleteNetworkInsightsAnalysis"
DELETE_PATH = "ec2:DeleteNetworkInsightsPath"

TRIES = 6
"""How often a call is sent at most."""
PAUSE = 2.0
"""Seconds before a call is sent again."""
LONGEST = 600.0
"""Seconds that an analysis may take."""

_STILL_THERE = "AnalysisExistsForNetworkInsightsPath"
"""A path is not deleted before its analyses are, and AWS may take a moment to see that."""

INTERRUPTED = "interrupted"
_ALLOW = " (deploy the member roles with Analyzer=true: docs/iam.md)"
_REFUSED = frozenset({"UnauthorizedOperation", "AccessDenied"})


class Stage(Enum):
    """What comes next."""

    CREATING = auto()
    STARTING = auto()
    RUNNING = auto()
    DELETING_ANALYSIS = auto()
    DELETING_PATH = auto()
    DONE = auto()


@dataclass(eq=False)
class Talk:
    """How far one question is. ``due``: not before; ``busy``: a call of it is under way."""

    question: Question
    token: str
    stage: Stage = Stage.CREATING
    busy: bool = False
    due: float = 0.0
    ends: float = math.inf
    path: str = ""
    analysis: str = ""
    found: bool | None = None
    explanations: tuple[Explanation, ...] = ()
    problem: str = ""
    leftovers: list[Leftover] = field(default_factory=list)
    _tries: int = 0
    _lost: bool = False

    @property
    def scope(self) -> Scope:
        """Where it is asked."""
        return self.question.asker

    @property
    def result(self) -> Analysis:
        """What came of it."""
        return Analysis(self.question, self.found, self.explanations, self.problem)

    def call(self) -> tuple[str, Mapping[str, Any]] | None:
        """The next call and its parameters; None while AWS works, and in the end."""
        match self.stage:
            case Stage.CREATING:
                return CREATE, self._path_parameters()
            case Stage.STARTING:
                return START, self._analysis_parameters()
            case Stage.DELETING_ANALYSIS:
                return DELETE_ANALYSIS, {"NetworkInsightsAnalysisId": self.analysis}
            case Stage.DELETING_PATH:
                return DELETE_PATH, {"NetworkInsightsPathId": self.path}
            case Stage.RUNNING | Stage.DONE:
                return None

    def succeeded(self, answer: Mapping[str, Any], now: float) -> None:
        """The call was carried out."""
        match self.stage:
            case Stage.CREATING:
                self.path = str(answer["NetworkInsightsPath"]["NetworkInsightsPathId"])
                self._next(Stage.STARTING)
            case Stage.STARTING:
                made = answer["NetworkInsightsAnalysis"]
                self.analysis = str(made["NetworkInsightsAnalysisId"])
                self.ends = now + LONGEST
                self._next(Stage.RUNNING)
            case Stage.DELETING_ANALYSIS:
                self._next(Stage.DELETING_PATH)
            case Stage.DELETING_PATH | Stage.RUNNING | Stage.DONE:
                self._next(Stage.DONE)

    def failed(self, error: AwsError, now: float) -> None:
        """The call was refused, or its answer lost."""
        self._tries += 1
        self._lost = self._lost or unanswered(error)
        if self._tries < TRIES and self._again(error):
            self.due = now + PAUSE
        elif self.stage in (Stage.DELETING_ANALYSIS, Stage.DELETING_PATH):
            self._not_deleted(error, now)
        else:
            self.problem = _words(error)
            self.halt()

    def told(self, item: Mapping[str, Any]) -> None:
        """What AWS says of the running analysis."""
        status = item.get("Status")
        if status == "running":
            return
        if status == "succeeded":
            self.found = bool(item.get("NetworkPathFound"))
            self.explanations = tuple(_explanations(item))
        else:
            told = item.get("StatusMessage") or f"the analysis is {status}"
            self.problem = f"AWS could not do the analysis: {told}"
        self._next(Stage.DELETING_ANALYSIS)

    def halt(self, problem: str = "") -> None:
        """Ask no more, and delete what there is. Nothing of it may be under way."""
        if self.stage in (Stage.CREATING, Stage.STARTING, Stage.RUNNING):
            self.problem = self.problem or problem
            if self._lost and self.stage is Stage.CREATING:
                self._leave(PATH, "", "the answer to its making was lost")
            done = Stage.DELETING_PATH if self.path else Stage.DONE
            self._next(Stage.DELETING_ANALYSIS if self.analysis else done)

    def abandon(self) -> None:
        """The time is up: what is left is left."""
        why = "there was no time left to delete it"
        if self.stage is Stage.CREATING and self.busy:
            self._leave(PATH, "", "it was being made when the time was up")
        if self.analysis and self.stage is not Stage.DELETING_PATH:
            self._leave(ANALYSIS, self.analysis, why)
        if self.path:
            self._leave(PATH, self.path, why)
        self.problem = self.problem or ("" if self.found is not None else INTERRUPTED)
        self._next(Stage.DONE)

    def _next(self, stage: Stage) -> None:
        self.stage, self.due, self._tries, self._lost = stage, 0.0, 0, False

    def _again(self, error: AwsError) -> bool:
        if error.code in THROTTLED | UNSENT or unanswered(error):
            return True
        if _unknown(error):  # what was made a moment ago may not be known everywhere
            return self.stage is Stage.STARTING or self._tries < 2
        return error.code == _STILL_THERE

    def _not_deleted(self, error: AwsError, now: float) -> None:
        if _unknown(error):
            self.succeeded({}, now)
        elif self.stage is Stage.DELETING_PATH:
            self._leave(PATH, self.path, _words(error))
            self._next(Stage.DONE)
        else:
            self._leave(ANALYSIS, self.analysis, _words(error))
            self._leave(PATH, self.path, "AWS deletes no path that has an analysis")
            self._next(Stage.DONE)

    def _leave(self, kind: str, identifier: str, error: str) -> None:
        self.leftovers.append(Leftover(self.scope, kind, identifier, error))

    def _path_parameters(self) -> Mapping[str, Any]:
        return {
            "Source": self._resource(self.question.source),
            "Destination": self._resource(self.question.peer),
            "Protocol": "tcp",
            "ClientToken": f"{self.token}-path",
            "TagSpecifications": _tagged("network-insights-path"),
        }

    def _analysis_parameters(self) -> Mapping[str, Any]:
        others = list(self.question.other_accounts)
        return {
            "NetworkInsightsPathId": self.path,
            "ClientToken": f"{self.token}-analysis",
            "TagSpecifications": _tagged("network-insights-analysis"),
            **({"AdditionalAccounts": others} if others else {}),
        }

    def _resource(self, interface: Interface) -> str:
        """Its id; its ARN where it is another account's (API reference, Source)."""
        home = interface.vpc.scope
        if home == self.scope:
            return interface.id
        start = f"arn:{partition(home.region)}:ec2:{home.region}:{home.account}"
        return f"{start}:network-interface/{interface.id}"


def _tagged(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": TAG, "Value": "true"}]}]


def _unknown(error: AwsError) -> bool:
    return "NetworkInsights" in error.code and error.code.endswith(".NotFound")


def _words(error: AwsError) -> str:
    advice = _ALLOW if error.code in _REFUSED else ""
    return f"{error.action}: {error.code}: {error.message}{advice}"


def _explanations(item: Mapping[str, Any]) -> Iterator[Explanation]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Explanation.html"""
    for told in item.get("Explanations") or ():
        ids = dict.fromkeys(_ids(told))
        code = str(told.get("ExplanationCode") or "no code")
        yield Explanation(code, str(told.get("Direction") or ""), tuple(ids))


def _ids(told: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the components that an explanation names, by the names of its fields."""
    for _, value in sorted(told.items()):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping) and part.get("Id"):
                yield str(part["Id"])
