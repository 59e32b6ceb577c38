"""Everything about the emulator that can be set, at start or while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_type_hints

from bot.emulator.aws.faults import Fault

Bucket = tuple[float, float]
"""Capacity in tokens, and tokens that come back each second."""

QUOTAS = {
    "L-7E9ECCDB": "active_peerings_per_vpc",
    "L-DC9F7029": "outstanding_requests",
    "L-93826ACB": "routes_per_table",
    "L-83CA0A9D": "cidrs_per_vpc",
    "L-0EA8095F": "rules_per_group",
}
"""The setting that each enforced quota of the service code ``vpc`` has its default from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Delays are in seconds, ``latency_ms`` in milliseconds.

    Defaults are AWS's documented quotas and no delays. ``page_size`` caps what a page may hold
    whatever the caller asks for (0: no cap); ``refuse_unpaginated`` answers lists without
    MaxResults, filter or id as AWS does in large accounts. ``visibility_seconds`` is how long the
    accepter's side does not see a new request. ``unassumable`` holds account ids and role ARNs
    that sts:AssumeRole denies; ``external_ids`` what a role's account wants as ExternalId.
    ``oidc_audience``, when set, makes AssumeRoleWithWebIdentity look into the token.
    ``session_seconds``: the age at which a role's session is refused although its expiration
    says otherwise, as with clocks that differ or a role that was revoked (0: never).
    ``buckets`` overrides a bucket by action, as ``[capacity, refill]``. ``quotas`` are increases
    (or the opposite) granted in one account and Region: ``{"111111111111/us-east-1":
    {"L-7E9ECCDB": 125}}``. An analysis of Reachability Analyzer takes ``analysis_seconds``;
    ``analyses`` are verdicts by the VPCs of source and destination (``vpc-a:vpc-b``), an
    explanation code, nothing for a path, or ``failed: …``; ``analyzer_accounts`` may look into
    other accounts, as a delegated administrator.
    """

    latency_ms: float = 0.0
    page_size: int = 0
    refuse_unpaginated: bool = False
    initiating_seconds: float = 0.0
    visibility_seconds: float = 0.0
    provisioning_seconds: float = 0.0
    deleting_seconds: float = 0.0
    expire_seconds: float = 7 * 24 * 3600.0
    short_retention_seconds: float = 2 * 3600.0
    long_retention_seconds: float = 2 * 24 * 3600.0
    active_peerings_per_vpc: int = 50
    outstanding_requests: int = 25
    routes_per_table: int = 500
    resources_per_tag_call: int = 1000
    tags_per_resource: int = 50
    cidrs_per_vpc: int = 5
    rules_per_group: int = 60
    throttle: bool = False
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    unassumable: frozenset[str] = frozenset()
    external_ids: Mapping[str, str] = field(default_factory=dict)
    oidc_audience: str = ""
    session_seconds: float = 0.0
    quotas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    analysis_seconds: float = 0.0
    analyses: Mapping[str, str] = field(default_factory=dict)
    analyzer_accounts: frozenset[str] = frozenset()

    def quota(self, code: str, account: str, region: str) -> int:
        """The quota in force in an account and Region, by a code of ``QUOTAS``."""
        granted = self.quotas.get(f"{account}/{region}", {})
        return int(granted.get(code, getattr(self, QUOTAS[code])))

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """With these changes, as JSON gives them. Raises ValueError, naming the setting."""
        kinds = get_type_hints(Settings)
        unknown = set(changes) - set(kinds)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        return replace(self, **{name: _read(name, kinds[name], changes[name]) for name in changes})

    def as_json(self) -> dict[str, Any]:
        """What ``changed`` reads, in full."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["faults"] = [fault.as_json() for fault in self.faults]
        values["unassumable"] = sorted(self.unassumable)
        values["external_ids"] = dict(self.external_ids)
        values["analyses"] = dict(self.analyses)
        values["analyzer_accounts"] = sorted(self.analyzer_accounts)
        values["buckets"] = {action: list(bucket) for action, bucket in self.buckets.items()}
        values["quotas"] = {place: dict(granted) for place, granted in self.quotas.items()}
        return values


def _read(name: str, kind: Any, value: Any) -> Any:
    match name:
        case "faults":
            return tuple(Fault.of(item) for item in _of(name, list, value))
        case "unassumable" | "analyzer_accounts":
            return frozenset(str(item) for item in _of(name, list, value))
        case "external_ids" | "analyses":
            return {str(k): str(v) for k, v in _of(name, dict, value).items()}
        case "buckets":
            pairs = _of(name, dict, value).items()
            return {str(k): (float(v[0]), float(v[1])) for k, v in pairs}
        case "quotas":
            return {str(k): _granted(v) for k, v in _of(name, dict, value).items()}
        case _:
            return _scalar(name, kind, value)


def _granted(value: Any) -> dict[str, int]:
    numbers = _of("quotas", dict, value).items()
    granted = {str(code): int(_scalar(code, int, number)) for code, number in numbers}
    unknown = set(granted) - set(QUOTAS)
    if unknown:
        raise ValueError(f"quotas that are not enforced: {', '.join(sorted(unknown))}")
    return granted


def _scalar(name: str, kind: Any, value: Any) -> Any:
    if kind is bool or isinstance(value, bool):
        return _of(name, bool, value if kind is bool else None)
    if kind is str:
        return _of(name, str, value)
    number = _of(name, (int, float) if kind is float else int, value)
    if number < 0:
        raise ValueError(f"{name} cannot be negative")
    return kind(number)


def _of(name: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name} cannot be {value!r}")
    return value
