"""Trust policies: who may become a role. Pure, and at home with any JSON at all.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
Names of elements and of condition keys are compared without regard to case, as IAM does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

GITHUB = "token.actions.githubusercontent.com"

_PINNING = frozenset({"stringequals", "stringlike", "stringequalsignorecase", "arnequals"})
_WILD = frozenset({"stringlike", "arnlike"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a condition. ``pins``: a request without the key, or with another value, fails."""

    key: str
    values: tuple[str, ...]
    pins: bool
    wild: bool

    @property
    def wildcards(self) -> tuple[str, ...]:
        """The values in which ``*`` or ``?`` stand for anything."""
        return tuple(value for value in self.values if self.wild and set(value) & set("*?"))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that lets somebody in. ``principals`` are (kind, value)."""

    principals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def allows(self, action: str) -> bool:
        """True when the action is among those allowed, wildcards understood."""
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)

    @property
    def github(self) -> bool:
        """True when GitHub's OIDC provider is trusted."""
        return any(kind == "federated" and GITHUB in value for kind, value in self.principals)

    @property
    def anybody(self) -> bool:
        """True when every AWS account is trusted."""
        return any(kind in {"*", "aws"} and value == "*" for kind, value in self.principals)

    def pinned(self, key: str) -> tuple[Condition, ...]:
        """The conditions that hold a key to values."""
        return tuple(c for c in self.conditions if c.pins and c.key == key.lower())


def allowing(document: object) -> tuple[Statement, ...] | None:
    """The statements of a policy that allow something; None for what is no policy.

    Text is taken for JSON.
    """
    parsed = _parsed(document) if isinstance(document, str) else document
    if not isinstance(parsed, Mapping):
        return None
    listed = _lowered(parsed).get("statement")
    items = listed if isinstance(listed, list) else [listed]
    if items and not any(isinstance(item, Mapping) for item in items):
        return None
    found = (_lowered(item) for item in items if isinstance(item, Mapping))
    return tuple(_statement(item) for item in found if item.get("effect") == "Allow")


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _statement(item: Mapping[str, object]) -> Statement:
    inverted = "notprincipal" in item
    actions = ("*",) if "notaction" in item else tuple(_texts(item.get("action")))
    return Statement(
        (("*", "*"),) if inverted else tuple(_principals(item.get("principal"))),
        actions,
        tuple(_conditions(item.get("condition"))),
    )


def _principals(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for kind, names in _lowered(value).items():
            yield from ((kind, name) for name in _texts(names))
    else:
        yield from (("*", name) for name in _texts(value))


def _conditions(value: object) -> Iterator[Condition]:
    for operator, keys in _lowered(value).items():
        quantifier, _, name = operator.rpartition(":")
        base = name.removesuffix("ifexists")
        # both are true of a request that lacks the key
        pins = base in _PINNING | _WILD and base == name and quantifier != "forallvalues"
        for key, values in _lowered(keys).items():
            yield Condition(key, tuple(_texts(values)), pins, base in _WILD)


def _lowered(value: object) -> dict[str, object]:
    return {str(k).lower(): v for k, v in value.items()} if isinstance(value, Mapping) else {}


def _texts(value: object) -> Iterator[str]:
    items: Iterable[object] = value if isinstance(value, list) else [value]
    return (str(item) for item in items if isinstance(item, str | int | float))


# GitHub's subjects: https://docs.github.com/en/actions/reference/security/oidc

_SUBJECT = re.compile(r"repo:(?P<owner>[^/@:]+)(@\d+)?/(?P<name>[^/@:]+)(@\d+)?:(?P<rest>.+)")
_IMMUTABLE = re.compile(r"repo:[^/@:]+@\d+/[^/@:]+@\d+:.+")


@dataclass(frozen=True, slots=True)
class Subject:
    """A value that a trust policy wants of ``sub``; ``wild`` if its wildcards count."""

    text: str
    wild: bool

    @property
    def repository(self) -> str:
        """``owner/name`` without ids, or nothing if the value does not name one."""
        match = _SUBJECT.fullmatch(self.text)
        return f"{match['owner']}/{match['name']}" if match else ""

    @property
    def owned(self) -> bool:
        """False when repositories of other owners may match."""
        owner = self.text.removeprefix("repo:").partition("/")
        named = self.text.startswith("repo:") and bool(owner[1])
        return not self.wild or (named and not set(owner[0]) & set("*?"))

    @property
    def immutable(self) -> bool:
        """True for the form with the numbers of owner and repository."""
        return _IMMUTABLE.fullmatch(self.text) is not None

    @property
    def admits_pull_requests(self) -> bool:
        """True when the job of a pull request may have this subject."""
        match = _SUBJECT.fullmatch(self.text)
        rest = match["rest"] if match else self.text
        return fnmatchcase("pull_request", rest) if self.wild else rest == "pull_request"


def subjects(statement: Statement) -> tuple[Subject, ...]:
    """The values that a statement holds ``sub`` to."""
    return tuple(
        Subject(value, value in condition.wildcards)
        for condition in statement.pinned(f"{GITHUB}:sub")
        for value in condition.values
    )
