"""What an unquoted YAML scalar is: text, a plain number, true, false or nothing.

Whatever YAML 1.1 (PyYAML) and YAML 1.2 (editors) may read as something else than it looks
like is Unclear and is converted to nothing: 012 is 10 to one and 12 to the other.
https://yaml.org/type/ and https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

NUMBER: Final = "a number"
NOT_FINITE: Final = "a number that is not finite"
TRUTH: Final = "true or false"

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUTHS = frozenset(
    form for word in ("yes", "no", "on", "off") for form in (word, word.capitalize(), word.upper())
)
_STARTS = frozenset("0123456789+-.")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"[-+]?([0-9]{1,17}\.[0-9]{0,17}|\.[0-9]{1,17})")
_UNCLEAR = (
    ("a number in base 8", re.compile(r"[-+]?0[0-7_]+|0o[0-7]+")),
    ("a number with a zero in front", re.compile(r"[-+]?0[0-9_]+")),
    ("a number in base 60", re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")),
    ("a number with underscores", re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*")),
    ("a number in base 16", re.compile(r"[-+]?0x[0-9a-fA-F_]+")),
    ("a number in base 2", re.compile(r"[-+]?0b[01_]+")),
    (
        "a number with an exponent",
        re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+"),
    ),
    (NOT_FINITE, re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
    (
        "a date",
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9:.]+[ \tZ0-9:+-]*)?"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Unclear:
    """A scalar that YAML readers do not agree on; ``reading`` is what one makes of it."""

    reading: str


Value = str | int | float | bool | None | Unclear


def resolved(text: str) -> Value:
    """The value of an unquoted scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text in _TRUTHS:
        return Unclear(TRUTH)
    if text[0] not in _STARTS:
        return text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return _unclear(text)


def _unclear(text: str) -> str | Unclear:
    """What starts like a number and is no plain one."""
    for reading, pattern in _UNCLEAR:
        if pattern.fullmatch(text):
            plain = text.lstrip("+-").replace(".", "", 1).isdecimal() and text[0] != "0"
            return Unclear("a very long number" if plain and NUMBER in reading else reading)
    return text


def reading(value: Value) -> str:
    """What YAML makes of a scalar, in words."""
    match value:
        case Unclear(reading=words):
            return words
        case bool():
            return TRUTH
        case int() | float():
            return NUMBER
        case None:
            return "nothing"
        case str():
            return "text"


def numeric(value: Value) -> bool:
    """True for what YAML takes, or may take, for a number."""
    if isinstance(value, Unclear):
        return NUMBER in value.reading
    return isinstance(value, int | float) and not isinstance(value, bool)


assert not math.isinf(float("9" * 17))  # what _FRACTION lets through is finite
