"""``security_group_rules``: what their nodes say, and what a schema cannot state about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.config.draft import EnvironmentDraft, FileDraft, value_of
from bot.config.fault import Faults, quoted
from bot.config.node import Mapping, Node, Sequence, free_text, sound
from bot.config.phrase import closest
from bot.model.mesh import Member, MemberState
from bot.model.security_group import (
    CONTROL,
    PORTED,
    Direction,
    RuleBy,
    RuleSide,
    Traffic,
    WantedRule,
)

MAX_PORT = 65535


def with_rules(file: FileDraft, faults: Faults) -> FileDraft:
    """The file with its security group rules in their environments. Records what is wrong."""
    items = file.rules_node.items if isinstance(file.rules_node, Sequence) else []
    known = {draft.environment.name: draft for draft in file.environments}
    rules: dict[str, list[WantedRule]] = {name: [] for name in known}
    for node in items:
        if isinstance(node, Mapping) and sound(node):
            draft = _environment(node, known, faults)
            rule = _Entry(node, draft, faults).rule() if draft else None
            if draft and rule and not _twice(rule, rules[draft.environment.name], draft, faults):
                rules[draft.environment.name].append(rule)
    emptied = isinstance(file.rules_node, Sequence) and not items
    drafts = (_holding(draft, rules, emptied) for draft in file.environments)
    return replace(file, environments=tuple(drafts))


def _holding(
    draft: EnvironmentDraft, rules: dict[str, list[WantedRule]], emptied: bool
) -> EnvironmentDraft:
    held = tuple(rules[draft.environment.name])
    environment = replace(draft.environment, security_group_rules=held, rules_emptied=emptied)
    return replace(draft, environment=environment)


def _environment(
    node: Mapping, known: dict[str, EnvironmentDraft], faults: Faults
) -> EnvironmentDraft | None:
    given = node.entries["environment"].value
    name = free_text(given)
    if name not in known:
        close = closest(name, sorted(known))
        detail = f"Did you mean {quoted(close[0])}?" if close else "Name one of this file's own."
        summary = f"this file has no environment {quoted(name)}"
        faults.error("unknown-environment", summary, detail, given.at)
    return known.get(name)


def _twice(
    rule: WantedRule, earlier: list[WantedRule], draft: EnvironmentDraft, faults: Faults
) -> bool:
    """Whether an earlier entry asks for one of its rules already."""
    for other in earlier:
        same = (other.source, other.destination, other.traffic, other.by) == (
            rule.source,
            rule.destination,
            rule.traffic,
            rule.by,
        )
        if same and set(other.directions) & set(rule.directions):
            summary = f"the rule for {rule.traffic} from {rule.source} is there twice"
            detail = f"It is there already, at {other.declared_at}: remove one."
            names = (draft.environment.name,)
            faults.error("rule-twice", summary, detail, rule.declared_at, environments=names)
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Entry:
    """One sound entry of the section, and where what is wrong with it is recorded."""

    node: Mapping
    draft: EnvironmentDraft
    faults: Faults

    def rule(self) -> WantedRule | None:
        """The rule, or None when it makes no sense; why is recorded then."""
        text = {key: self._text(key).strip() for key in ("direction", "by", "description")}
        by = RuleBy(text["by"] or RuleBy.REFERENCE)
        one = text["direction"] or "both"
        directions = tuple(Direction) if one == "both" else (Direction(one),)
        source, destination = self._side("source"), self._side("destination")
        traffic = self._traffic()
        if source is None or destination is None or traffic is None:
            return None
        at, about = self.node.at, text["description"]
        rule = WantedRule(source, destination, traffic, directions, at, by, about)
        return rule if self._sensible(rule) else None

    def _text(self, key: str) -> str:
        node, number = self.node.get(key), self._number(key)
        if number is not None:
            return str(number)  # 22.0 is a whole number to a schema
        return free_text(node) if node else ""

    def _fault(self, code: str, summary: str, detail: str, node: Node | None = None) -> None:
        at = node.at if node else self.node.at
        names = (self.draft.environment.name,)
        self.faults.error(code, summary, detail, at, environments=names)

    # Sides

    def _side(self, key: str) -> RuleSide | None:
        node = self.node.entries[key].value
        assert isinstance(node, Mapping), "the schema says so"
        place = node.entries["vpc_id"].value
        member = self._member(free_text(place), place)
        tags = node.get("group_tags")
        held = tags.entries if isinstance(tags, Mapping) else {}
        given = [name for name in ("group_id", "group", "group_tags") if name in node.entries]
        if tags is not None and not held:
            detail = "Name at least one tag, such as Name: web."
            self._fault("no-group", f"group_tags of the {key} is empty", detail, tags)
            return None
        if len(given) > 1:
            summary = f"the {key} names its group in {len(given)} ways: {', '.join(given)}"
            self._fault("group-twice", summary, "Keep one of them.", node)
            return None
        if member is None:
            return None
        group_id, name = (node.get(part) for part in ("group_id", "group"))
        return RuleSide(
            member.vpc,
            free_text(group_id) if group_id else "",
            free_text(name) if name else "",
            tuple(sorted((tag, free_text(entry.value)) for tag, entry in held.items())),
        )

    def _member(self, vpc_id: str, place: Node) -> Member | None:
        environment = self.draft.environment
        found = [m for m in environment.members if m.vpc.vpc_id == vpc_id]
        if found and found[0].state is MemberState.PRESENT:
            return found[0]
        if not found and not self.draft.entire:
            return None  # perhaps it is the member that is not sound
        state = f"is {found[0].state} in" if found else "is no member of"
        summary = f"{vpc_id} {state} the environment {quoted(environment.name)}"
        detail = "Rules are between members that are present: add it there, or remove the rule."
        self._fault("rule-member", summary, detail, place)
        return None

    # Traffic

    def _traffic(self) -> Traffic | None:
        given = self._text("protocol")
        protocol = Traffic.of(given, None, None).protocol
        ports, kinds = self.node.get("ports"), ("icmp_type", "icmp_code")
        unfit = ["ports"] if ports is not None and protocol not in PORTED else []
        unfit += [k for k in kinds if k in self.node.entries and protocol not in CONTROL]
        for key in unfit:
            node = self.node.entries[key].key
            whose = "tcp and udp have ports" if key == "ports" else "icmp and icmpv6 have types"
            summary = f"{key} with the protocol {given}"
            self._fault("rule-traffic", summary, f"Only {whose}: remove it.", node)
        if unfit:
            return None
        if ports is not None:
            return self._ported(protocol, ports)
        type_, code = (self._number(key) for key in kinds)
        if code is not None and type_ is None:
            node = self.node.entries["icmp_code"].key
            self._fault("rule-traffic", "icmp_code without icmp_type", "Name the type too.", node)
            return None
        return Traffic.of(protocol, type_, code)

    def _ported(self, protocol: str, node: Node) -> Traffic | None:
        first, _, last = self._text("ports").partition("-")
        start, end = int(first), int(last or first)
        if start <= end <= MAX_PORT:
            return Traffic.of(protocol, start, end)
        summary = f"{quoted(free_text(node))} is no range of ports"
        detail = f"Ports are 0 to {MAX_PORT}, the smaller one first."
        self._fault("rule-traffic", summary, detail, node)
        return None

    def _number(self, key: str) -> int | None:
        value = value_of(self.node, key)
        return int(value) if isinstance(value, int | float) else None

    # Meaning

    def _sensible(self, rule: WantedRule) -> bool:
        faults = list(self._nonsense(rule))
        for code, summary, detail in faults:
            self._fault(code, summary, detail)
        return not faults

    @staticmethod
    def _nonsense(rule: WantedRule) -> Iterator[tuple[str, str, str]]:
        source, destination = rule.source, rule.destination
        if source.vpc == destination.vpc:
            summary = f"source and destination are both in {source.vpc}"
            yield "rule-in-one-vpc", summary, "Rules here are between two members."
            return
        regions = source.vpc.scope.region, destination.vpc.scope.region
        if rule.by is RuleBy.REFERENCE and regions[0] != regions[1]:
            summary = f"a rule cannot name a group of another region: {regions[0]}, {regions[1]}"
            detail = (
                "AWS lets rules reference a peer's group within one region. Write by: cidr to"
                " let the peer's blocks through."
            )
            yield "reference-across-regions", summary, detail
        needing = {"destination": destination, "source": source}
        if rule.by is RuleBy.CIDR:
            needing = {
                "destination" if d is Direction.INGRESS else "source": rule.near(d)
                for d in rule.directions
            }
        for name, side in needing.items():
            if not side.names_group:
                detail = "Give its group_id, its name as group, or its group_tags."
                yield "no-group", f"the {name} names no security group", detail
