"""Security group rules as text: what they let through first, by group where there are many."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from bot.kinds.security_group_rule.spec import RuleSpec, rule_address
from bot.model.address import (
    Address,
    Pair,
    VpcRef,
    peering_address,
    peering_options_address,
)
from bot.model.change import Change, Outcome, Plan, Report, Result
from bot.model.security_group import Direction
from bot.model.tags import Tags
from bot.render import html, markdown, planfile, terminal
from bot.render.budget import size
from bot.render.grouping import by_vpc
from bot.render.markdown.pieces import COMMENT_BUDGET
from bot.render.planfile import PlanFileError
from bot.render.rebuilt import plan_of
from bot.render.wording import describe, named
from tests.render import builder
from tests.render.builder import CONTEXT, line, vpc
from tests.render.seen import seen_in_markdown

A, B = vpc(0), vpc(1)
HOSTILE = "x|y\n# @everyone <script>\x1b[31m`"


def change(
    near: VpcRef,
    group: str,
    allowed: str,
    port: int,
    *,
    gone: bool = True,
    names: tuple[tuple[str, str], ...] | None = None,
) -> Change[RuleSpec]:
    """An ingress rule that goes or comes, from a group of A."""
    spec = RuleSpec(
        near, group, Direction.INGRESS, "tcp", port, port, A, allowed,
        peering_address(Pair.of(A, near)), "x" * 200, Tags(),
    )  # fmt: skip
    return Change(
        rule_address(near.scope, group, spec.direction, spec.traffic, allowed),
        spec if gone else None,
        None if gone else spec,
        environments=frozenset({"production"}),
        declared_at=(line(40),),
        reason="no environment wants it" if gone else "wanted and not there",
        names=((group, f"name-of-{group}"),) if names is None else names,
    )


def many(groups: int, ports: int, **more: Any) -> tuple[Change[RuleSpec], ...]:
    """Rules of groups of B."""
    return tuple(
        change(B, f"sg-{g:017x}", "sg-0a", 1000 + p, **more)
        for g in range(groups)
        for p in range(ports)
    )


def plan(changes: Iterable[Change[Any]]) -> Plan:
    return Plan(tuple(changes), environments=("production",))


def test_hundreds_of_deletions_are_told_one_by_one_under_their_groups() -> None:
    comment = markdown.comment(plan(many(12, 40)), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert comment.count("> - ingress tcp ") == 480
    assert comment.count("@@ sg-") == 12
    assert f"@@ sg-{0:017x} (name-of-sg-{0:017x}) of {B}, for {A} @@" in comment
    assert "changes shown" not in comment
    assert not seen_in_markdown(comment).unbalanced


@pytest.mark.parametrize(("groups", "ports"), [(50, 59), (200, 59)])
def test_thousands_of_deletions_are_counted_by_group(groups: int, ports: int) -> None:
    comment = markdown.comment(plan(many(groups, ports)), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    told = f"> - {ports} rules of sg-{3:017x} (name-of-sg-{3:017x}) of {B}: ingress tcp 1000, tcp "
    assert told in comment
    assert f"tcp 1005 and 53 more from sg-0a of {A}" in comment
    assert f"**0 of {groups * ports:,} changes shown**" in comment


def test_groups_with_many_peers_are_one_line_where_room_is_short() -> None:
    peers = [vpc(n) for n in range(2, 60)]
    changes = [
        replace(c, before=replace(c.held, peer=peer, allowed=f"sg-{n:09x}{g:x}"))
        for g in range(40)
        for n, peer in enumerate(peers)
        for c in [change(B, f"sg-{g:017x}", f"sg-{n:09x}{g:x}", 443, names=())]
    ]

    comment = markdown.comment(plan(changes), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert (
        f"> - 58 rules of sg-{3:017x} of {B}: ingress tcp 443 from 58 groups of 58 VPCs" in comment
    )


@pytest.mark.parametrize("number", [3, 3000])
def test_a_rule_counts_in_the_vpc_of_its_group_alone(number: int) -> None:
    found = by_vpc(many(1, number))

    assert {place: len(held) for place, held in found.items()} == {str(B): number}


def test_many_that_come_are_counted_by_group_and_shown_as_that() -> None:
    comment = markdown.comment(plan(many(20, 59, gone=False)), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert f"+ 59 rules of sg-{3:017x} (name-of-sg-{3:017x}) of {B}: ingress tcp 1000" in comment
    assert "**0 of 1,180 changes shown**" in comment


def test_what_is_let_through_comes_first_and_nothing_is_said_twice() -> None:
    text = describe(change(B, "sg-1", "sg-0a", 22))

    assert text.startswith(f"rule ingress tcp 22 from sg-0a of {A}, in sg-1 (name-of-sg-1) of {B}")
    comment = markdown.comment(plan([change(B, "sg-1", "sg-0a", 22)]), CONTEXT)
    assert "> - rule ingress tcp 22 from sg-0a" in comment
    assert "security group rule: rule" not in comment


def test_an_entry_is_told_with_its_line() -> None:
    made = plan([change(B, "sg-1", "sg-0a", 22, gone=False)])

    assert "meshes/prod.yaml#L40" in markdown.comment(made, CONTEXT)
    assert "(meshes/prod.yaml:40:7)" in terminal.text(made, width=400, colour=False)


def test_a_terminal_counts_many_and_lists_them_when_asked_to() -> None:
    made = plan(many(2, 40))

    short = terminal.text(made, width=400, colour=False)
    full = terminal.text(made, width=400, colour=False, detailed=True)

    assert short.count("ingress tcp 1000") == 2
    assert f"  - 40 rules of sg-{1:017x}" in short
    assert "Much is only counted here" in short
    assert full.count("  - rule ingress tcp") == 80


def test_names_of_groups_are_hostile_text() -> None:
    made = plan(
        [change(B, "sg-1", "sg-0a", 22, gone=g, names=(("sg-1", HOSTILE),)) for g in (False, True)]
    )
    counted = plan(many(12, 40, names=((f"sg-{0:017x}", HOSTILE),)))

    for text in (markdown.comment(made, CONTEXT), markdown.comment(counted, CONTEXT)):
        assert "\x1b" not in text
        assert "\n# @" not in text
        assert not seen_in_markdown(text).unbalanced
    assert "\x1b" not in terminal.text(made, width=100, colour=False)
    assert "<script>\x1b" not in html.report(made, CONTEXT)
    assert "x|y" in terminal.text(made, width=400, colour=False)


def test_names_are_in_the_plan_file_and_in_no_fingerprint() -> None:
    made = plan([change(B, "sg-1", "sg-0a", 22)])

    data = json.loads(planfile.plan_json(made))

    assert data["changes"][0]["names"] == {"sg-1": "name-of-sg-1"}
    assert plan_of(data, {}).changes == made.changes
    nameless = plan([replace(c, names=()) for c in made.changes])
    assert "names" not in json.loads(planfile.plan_json(nameless))["changes"][0]
    assert nameless.fingerprint == made.fingerprint
    planfile.read_plan(planfile.plan_json(made))  # follows the schema


def test_a_plan_file_with_names_of_another_shape_is_refused() -> None:
    text = planfile.plan_json(plan([change(B, "sg-1", "sg-0a", 22)]))

    with pytest.raises(PlanFileError):
        planfile.read_plan(text.replace('"name-of-sg-1"', "7"))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (change(B, "sg-1", "sg-0a", 22).address, "rule ingress tcp 22 from sg-0a, in sg-1 of "),
        (Address("route", (A.scope,), "rtb-1/10.0.0.0/8"), "route 10.0.0.0/8 in rtb-1 of "),
        (peering_options_address(A, B), f"peering option of {A}, for its peering with {B}"),
        (peering_address(Pair.of(A, B)), f"peering {A} ↔ {B}"),
    ],
)
def test_addresses_are_told_in_words(address: Address, words: str) -> None:
    assert named(address).startswith(words)


def test_what_waits_for_a_rule_says_so_in_words() -> None:
    made = plan([change(B, "sg-1", "sg-0a", 22), builder.deleted(A, B, "production", line(3))])
    first, second = made.changes
    report = Report(
        made,
        (
            Outcome(first, Result.FAILED, "no"),
            Outcome(second, Result.SKIPPED, because_of=first.address),
        ),
    )

    text = terminal.report_text(report, width=400, colour=False)

    assert "skipped: 1 peering needs rule ingress tcp 22 from sg-0a, in sg-1 of" in text
    assert "security_group_rule." not in text
    assert "security_group_rule." not in markdown.outcome_comment(report, CONTEXT)
