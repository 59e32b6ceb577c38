"""YAML text to nodes, strictly, remembering where everything stands.

Parsed with PyYAML's events; its constructors are not used, for they keep the last of two
equal keys, turn account ids into other numbers and expand aliases without end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import yaml
from yaml import events

from bot.config.compose import Composer, Stop
from bot.config.fault import SHOWN, Faults
from bot.config.node import Node, Scalar
from bot.model.diagnostic import SourceLine

if TYPE_CHECKING:
    from yaml.error import Mark


_READ_DIFFERENTLY = re.compile(r"\t|[|>][-+0-9]*#")
"""Tabs between tokens, and a comment that touches a block scalar's indicator."""


class _Parser(Protocol):
    """A loader of PyYAML, of which only the events are used."""

    def check_event(self) -> bool: ...
    def get_event(self) -> events.Event | None: ...


def document(file: str, text: str, faults: Faults, *, quick: bool = True) -> Node | None:
    """The one document of a file, or None when there is none to go on with.

    ``quick`` parses with libyaml where PyYAML has it. What libyaml and PyYAML's own
    parser are known to read differently is left to the latter, which also says best what
    is wrong: the result is the same without libyaml.
    """
    if quick and yaml.__with_libyaml__ and not _READ_DIFFERENTLY.search(text):
        found = Faults()
        try:
            root = _composed(yaml.CSafeLoader(text), file, found)
        except yaml.YAMLError:
            root = None
        else:
            faults.extend(found)
            return root
    return _slowly(yaml.SafeLoader(text), file, faults)


def _slowly(parser: yaml.SafeLoader, file: str, faults: Faults) -> Node | None:
    """With PyYAML's own parser; a syntax error is recorded."""
    try:
        return _composed(parser, file, faults)
    except yaml.MarkedYAMLError as error:
        _syntax(file, error, faults)
    except (ValueError, OverflowError):  # from chr(): PyYAML does not check \U escapes
        at = SourceLine(file, parser.line + 1, parser.column + 1)
        detail = "There is no character with this number."
        faults.error("yaml-syntax", "not YAML: an impossible \\U escape", detail, at)
    return None


def _composed(parser: _Parser, file: str, faults: Faults) -> Node | None:
    composer = Composer(file, faults)
    try:
        while parser.check_event():
            composer.take(parser.get_event())
    except Stop:
        return composer.root  # what was complete: the first of several documents
    root = composer.root
    if root is None or (isinstance(root, Scalar) and root.empty):
        detail = "A mesh file has metadata and environments."
        faults.error("empty-file", "the file is empty", detail, SourceLine(file, 1))
        return None
    return root


def _syntax(file: str, error: yaml.MarkedYAMLError, faults: Faults) -> None:
    """A syntax error of PyYAML's, in its words, with advice where they are dark."""
    mark = error.problem_mark or error.context_mark
    at = _place(file, mark) if mark else SourceLine(file, 1)
    problem = error.problem or error.context or "cannot be read"
    if "'\\t'" in problem:
        detail = "Indent with spaces, and put a space after the colon."
        faults.error("tab", "not YAML: a tab where there must be spaces", detail, at)
        return
    faults.error("yaml-syntax", f"not YAML: {_short(problem)}", _advice(error, problem), at)


def _advice(error: yaml.MarkedYAMLError, problem: str) -> str:
    since = ""
    if error.context and error.context_mark:
        mark = error.context_mark
        since = f"It was noticed {error.context} that starts at {mark.line + 1}:{mark.column + 1}."
    if problem.startswith("mapping values are not allowed"):
        return (
            f"Put the text in quotes if it holds a colon, or mend the indentation. {since}".strip()
        )
    return since


def _short(problem: str) -> str:
    plain = re.sub(r"[^\x20-\x7e]", "?", problem)
    return plain if len(plain) <= 2 * SHOWN else f"{plain[: 2 * SHOWN]}…"


def _place(file: str, mark: Mark) -> SourceLine:
    return SourceLine(file, mark.line + 1, mark.column + 1)
