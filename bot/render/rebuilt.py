"""A plan file's data as the values that it was written from.

Only what a plan file holds comes back: no dependencies between changes and no ids, so such a
plan is for people and for comparisons, never to be carried out. That nothing was lost of what
would be done is checked: each change must give the same canonical data again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from types import NoneType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.kinds.peering_options.spec import OptionsSpec
from bot.kinds.route.spec import NAME as ROUTE
from bot.kinds.route.spec import RouteSpec
from bot.kinds.security_group_rule.spec import RuleSpec
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import (
    KEPT,
    PEERING_OPTIONS,
    VPC_PEERING_CONNECTION,
    AccountId,
    Address,
    Region,
    Scope,
    VpcRef,
    vpc_ref,
)
from bot.model.change import CANONICAL_KEYS, Change, Gap, Membership, Movement, Origin, Plan
from bot.model.diagnostic import Diagnostic, Severity, SourceLine
from bot.model.reachability import EnvironmentReach, Reason
from bot.model.security_group import SECURITY_GROUP_RULE, Direction
from bot.model.tags import Tags
from bot.render.planfile import PlanFileError

SPECS: Mapping[str, type] = {
    VPC_PEERING_CONNECTION: PeeringSpec,
    PEERING_OPTIONS: OptionsSpec,
    ROUTE: RouteSpec,
    SECURITY_GROUP_RULE: RuleSpec,
}
"""What the changes of each kind are made of."""

_VPC = re.compile(r"([0-9]{12})/([a-z0-9-]{1,40})/(vpc-[0-9a-f]{1,32})", re.ASCII)
_ADDRESS = re.compile(r"([a-z_]{1,60})\.([0-9]{12})/([a-z0-9-]{1,40})/([^\n]{1,500})", re.ASCII)

T = TypeVar("T")


def plan_of(data: Mapping[str, Any], ids: Mapping[str, str]) -> Plan:
    """The plan of a plan file's data, which follows its schema. Raises PlanFileError.

    ``ids`` are AWS's ids of what changes, by address; for people.
    """
    return Plan(
        tuple(_change(item, ids) for item in data["changes"]),
        tuple(_diagnostic(item) for item in data["diagnostics"]),
        tuple(_gap(item) for item in data["gaps"]),
        tuple(data["environments"]),
        tuple(_membership(item) for item in data["memberships"]),
        tuple(_diagnostic(item) for item in data["refusals"]),
        reachability=reaches_of(data.get("reachability", ())),
    )


def reaches_of(data: Iterable[Any]) -> tuple[EnvironmentReach, ...]:
    """Who reaches whom, from a plan file's data. Raises PlanFileError."""
    return tuple(decoded(EnvironmentReach, item) for item in data)


@lru_cache(maxsize=KEPT)
def vpc_of(text: str) -> VpcRef:
    """A VPC from ``account/region/vpc-id``. Raises PlanFileError."""
    match = _VPC.fullmatch(text)
    if match is None:
        raise PlanFileError(f"{text[:80]!r} names no VPC.")
    return vpc_ref(match[1], match[2], match[3])


@lru_cache(maxsize=KEPT)
def address_of(text: str) -> Address:
    """An address from its text; a peering's key names its second scope. Raises PlanFileError."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise PlanFileError(f"{text[:80]!r} is no address.")
    kind, account, region, key = match.groups()
    scopes = {Scope(AccountId(account), Region(region))}
    _, _, far = key.partition("~")
    if kind == VPC_PEERING_CONNECTION:
        scopes.add(vpc_of(far).scope)
    return Address(kind, tuple(sorted(scopes)), key)


def _direction(text: str) -> Direction:
    try:
        return Direction(text)
    except ValueError as error:
        raise PlanFileError(f"{text[:80]!r} is no direction.") from error


_FROM_TEXT: Mapping[Any, Callable[[str], Any]] = {
    VpcRef: vpc_of,
    Address: address_of,
    Direction: _direction,
}


def _change(data: Mapping[str, Any], ids: Mapping[str, str]) -> Change[Any]:
    spec = SPECS.get(data["kind"])
    if spec is None:
        raise PlanFileError(f"the plan file has changes of the unknown kind {data['kind'][:60]!r}.")
    before, after = (
        None if data[side] is None else decoded(spec, data[side]) for side in ("before", "after")
    )
    if before is None and after is None:
        raise PlanFileError(f"{data['address'][:200]} changes nothing.")
    change: Change[Any] = Change(
        address_of(data["address"]),
        before,
        after,
        ids.get(data["address"], ""),
        frozenset(data["environments"]),
        tuple(_line(item) for item in data["declared_at"]),
        origin=Origin(data["origin"]),
        reason=data["reason"],
        names=tuple(sorted(data.get("names", {}).items())),
    )
    if change.canonical != {key: data[key] for key in CANONICAL_KEYS}:
        raise PlanFileError(f"{data['address'][:200]} is not a change as meshbot writes it.")
    return change


def decoded(kind: Any, value: Any) -> Any:
    """The inverse of ``bot.model.change.plain``, for a type. Raises PlanFileError."""
    if get_origin(kind) in (Union, type(int | str)):
        return _one_of(get_args(kind), value)
    if get_origin(kind) is tuple:
        return tuple(decoded(get_args(kind)[0], item) for item in _of(list, value))
    if kind in _FROM_TEXT:
        return _FROM_TEXT[kind](_of(str, value))
    if kind is Reason:
        return _reason(_of(str, value))
    if kind is Tags:
        return Tags.of({_of(str, k): _of(str, v) for k, v in _of(dict, value).items()})
    return _dataclass(kind, value) if is_dataclass(kind) else _of(kind, value)


def _reason(text: str) -> Reason:
    if text not in set(Reason):
        raise PlanFileError(f"{text[:80]!r} is no reason that meshbot knows.")
    return Reason(text)


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and NoneType in kinds:
        return None
    for kind in sorted((k for k in kinds if k is not NoneType), key=lambda k: k is str):
        try:
            return decoded(kind, value)
        except PlanFileError:
            continue
    raise PlanFileError(f"{str(value)[:80]!r} is nothing that meshbot writes there.")


def _dataclass(kind: Any, value: Any) -> Any:
    hints, given = _hints(kind), _of(dict, value)
    if given.keys() != hints.keys():
        raise PlanFileError(f"{', '.join(sorted(map(str, given)))[:200]} are not its fields.")
    return kind(**{name: decoded(hints[name], item) for name, item in given.items()})


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """The fields of a dataclass with their types."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _of(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise PlanFileError(f"{str(value)[:80]!r} is not what meshbot writes there.")
    return value


def _line(data: Mapping[str, Any]) -> SourceLine:
    return SourceLine(data["file"], data["line"], data["column"])


def _diagnostic(data: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        Severity(data["severity"]),
        data["code"],
        data["summary"],
        data["detail"],
        _line(data["location"]) if data["location"] else None,
        frozenset(data["environments"]),
    )


def _gap(data: Mapping[str, Any]) -> Gap:
    scope = Scope(AccountId(data["account"]), Region(data["region"]))
    return Gap(scope, data["action"], data["error"])


def _membership(data: Mapping[str, Any]) -> Membership:
    scope = Scope(AccountId(data["account"]), Region(data["region"]))
    return Membership(
        data["environment"],
        VpcRef(scope, data["vpc_id"]),
        Movement(data["movement"]),
        _line(data["declared_at"]) if data["declared_at"] else None,
        data["in_base"],
        data["note"],
    )
