"""What a report of drift adds about security group rules of ours that no entry leads to.

A plan asks for rules where entries name a scope, and so knows nothing of those that were left when
their entries went without a base revision. Drift looks: one question in every other scope.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.engine.observe import Facts
from bot.engine.rules_beyond import REFUSED
from bot.errors import AwsError
from bot.kinds import security_group_rule
from bot.kinds.security_group_rule.observe import observe_ours
from bot.model.address import Scope
from bot.model.change import Observed
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.rule_tags import owner
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop

NAMED = 8
"""Rules that a message names."""

Answer = tuple[Observed[Any], ...] | AwsError


def left_behind(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    mesh: Mesh,
    base: Mesh | None,
    facts: Facts,
    environments: Collection[str],
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Diagnostic, ...]:
    """The rules of these environments (none: all) that nothing else would tell of.

    Where the files have no rules at all, a role that may not read rules has made none, and
    nothing is said. Raises Interrupted.
    """
    scopes = _scopes(mesh, environments) & facts.inventory.observed
    scopes -= security_group_rule.scopes(mesh, base)
    if not scopes:
        return ()
    reader = reader_for(dict.fromkeys(scopes, ""))
    work = {scope: partial(_answer, reader, scope) for scope in sorted(scopes)}
    answers = gather(work, dispatcher, "reading rules", progress or Quiet(), stop)
    services = Ownership.of(mesh, base).service_names
    if environments:
        services = {name: known for name, known in services.items() if name in environments}
    known = {item.id for item in facts.observed.get(security_group_rule.NAME, ())}
    told: list[Diagnostic] = []
    for scope, answer in sorted(answers.items()):
        if isinstance(answer, AwsError):
            told += () if answer.code in REFUSED and not mesh.rule_scopes else _unread(answer)
        else:
            told += _left(scope, (item for item in answer if item.id not in known), services)
    return tuple(told)


def _scopes(mesh: Mesh, environments: Collection[str]) -> frozenset[Scope]:
    return frozenset(
        member.vpc.scope
        for _, environment in mesh
        if not environments or environment.name in environments
        for member in environment.members
    )


def _answer(reader: Reader, scope: Scope) -> Answer:
    try:
        return tuple(observe_ours(reader, scope))
    except AwsError as error:
        return error


def _left(
    scope: Scope, found: Iterator[Observed[Any]], services: Mapping[str, frozenset[str]]
) -> Iterator[Diagnostic]:
    """One for each environment whose rules they are."""
    by_owner: dict[str, list[str]] = {}
    for item in found:
        name = owner(item.spec.tags, services)
        if name is not None:
            by_owner.setdefault(name, []).append(f"{item.id} of {item.spec.group}")
    for name, held in sorted(by_owner.items()):
        number = "1 rule" if len(held) == 1 else f"{len(held):,} rules"
        named = sorted(held)[:NAMED] + (["…"] if len(held) > NAMED else [])
        yield Diagnostic(
            Severity.WARNING,
            "rules-left-behind",
            f"{number} in {scope} with the tags of environment {name}, and no entry of"
            f" security_group_rules leads there: {', '.join(named)}",
            "Their entries went, and no base revision said so. Plan and apply once with a revision"
            " that had them as the base (--base); or, where the file has no entries, with an"
            " empty section: `security_group_rules: []`.",
            environments=frozenset({name}),
        )


def _unread(error: AwsError) -> Iterator[Diagnostic]:
    yield Diagnostic(
        Severity.NOTICE,
        "references-unread",
        f"whether security group rules were left behind in {error.scope} could not be read",
        f"{error.action}: {error.code}: {error.message}",
    )
