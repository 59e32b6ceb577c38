"""EC2's filters: values of one filter are alternatives, filters must all hold.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html (wildcards,
50 filters, 200 values) and each Describe action's list of filter names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from bot.emulator.aws.errors import EC2ClientError

T = TypeVar("T")

Values = Iterable[Any]
Getter = Callable[[T], Values]

_MAX_FILTERS = 50
_MAX_VALUES = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a request: its name, and a pattern that matches any of its values."""

    name: str
    pattern: re.Pattern[str]


def read(
    parameters: Iterable[Mapping[str, Any]] | None, names: Iterable[str]
) -> tuple[Filter, ...]:
    """The filters of a request. ``names`` are those that the action documents, ``tag:`` apart."""
    given = tuple(parameters or ())
    known = frozenset(names)
    if len(given) > _MAX_FILTERS:
        raise EC2ClientError("FilterLimitExceeded", f"More than {_MAX_FILTERS} filters.")
    return tuple(_read(item, known) for item in given)


def _read(item: Mapping[str, Any], known: frozenset[str]) -> Filter:
    name, values = str(item.get("Name", "null")), item.get("Values", [])
    if name not in known and not (name.startswith("tag:") and "tag-key" in known):
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    if len(values) > _MAX_VALUES:
        raise EC2ClientError(
            "FilterLimitExceeded",
            f"The maximum number of filter values specified on a single call is {_MAX_VALUES}",
        )
    return Filter(name, re.compile("|".join(map(_expression, values)) or r"(?!)", re.DOTALL))


@cache
def _expression(value: str) -> str:
    parts = re.findall(r"\\[*?\\]|.", value, re.DOTALL)
    return "".join(_WILD.get(part) or re.escape(part.removeprefix("\\") or part) for part in parts)


_WILD = {"*": ".*", "?": "."}


def matching(
    items: Iterable[T],
    filters: tuple[Filter, ...],
    getters: Mapping[str, Getter[T]],
    tags: Callable[[T], Mapping[str, str]],
) -> list[T]:
    """The items for which every filter holds; ``getters`` give an item's values by name."""
    return [item for item in items if all(_holds(item, f, getters, tags) for f in filters)]


def _holds(
    item: T,
    wanted: Filter,
    getters: Mapping[str, Getter[T]],
    tags: Callable[[T], Mapping[str, str]],
) -> bool:
    values: Values
    if wanted.name == "tag-key":
        values = tags(item)
    elif wanted.name.startswith("tag:"):
        value = tags(item).get(wanted.name.removeprefix("tag:"))
        values = () if value is None else (value,)
    else:
        values = getters[wanted.name](item)
    return any(v is not None and wanted.pattern.fullmatch(_text(v)) for v in values)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
