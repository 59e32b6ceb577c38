"""Doctor: is everything there that plan and apply need? Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.engine import doctor
from bot.engine.doctor import InitialFacts, RoleFacts, ScopeFacts, Wanted
from bot.engine.gather import gather
from bot.errors import AwsError, ExitCode, MeshInvalid
from bot.model.address import Region, partition
from bot.model.diagnostic import Diagnostic
from bot.model.doctor import Check, Diagnosis, TokenFacts, Verdict
from bot.model.mesh import Mesh
from bot.model.step import Role
from bot.ports import Aws, Dispatcher, Identities, Progress, Stop
from bot.usecases.identity import roles_for
from bot.usecases.validate import load_mesh

FILES = "mesh files"
INITIAL = "initial identity"
ANYWHERE = Region("us-east-1")
"""Where STS is asked who we are when no mesh file says in which partition."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What doctor looks through. ``uses`` are ``plan``, ``apply`` or both."""

    aws: Aws
    identities: Identities
    token: Callable[[], TokenFacts]
    dispatcher: Dispatcher
    progress: Progress
    uses: tuple[str, ...] = ("plan", "apply")
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """The mesh, or none at all, with what loading it showed."""

    mesh: Mesh
    check: Check
    valid: bool = True


def load_files(path: Path) -> Files:
    """The mesh files; their faults are a check, not an error. Raises UsageError."""
    try:
        loaded = load_mesh(path)
    except MeshInvalid as error:
        found = _first(error.diagnostics, "fault")
        advice = "`meshbot validate` says all of them; the accounts were not looked at."
        return Files(Mesh(()), Check(Verdict.BROKEN, FILES, "files", found, advice), valid=False)
    members = sum(len(environment.members) for _, environment in loaded.mesh)
    counts = ((len(loaded.mesh.files), "file"), (len(loaded.mesh.environments), "environment"))
    found = ", ".join(_count(*item) for item in (*counts, (members, "member")))
    if loaded.diagnostics:
        found += f"; {_first(loaded.diagnostics, 'warning')}"
        advice = "`meshbot validate` says all of them."
        return Files(loaded.mesh, Check(Verdict.WARNING, FILES, "files", found, advice))
    return Files(loaded.mesh, Check(Verdict.OK, FILES, "files", found))


def examine(files: Files, around: Surroundings) -> Diagnosis:
    """All checks. AWS and GitHub are asked side by side; a refusal is a check."""
    mesh = files.mesh
    initial, token = _identities(mesh, around)
    roles = _roles(mesh, around.uses) if _known(initial) else ()
    first = {scope.account: scope for scope in sorted(mesh.scopes, reverse=True)}
    asked: dict[object, Callable[[], Any]] = {
        use: partial(
            doctor.look_at_role,
            around.identities,
            around.aws.reader({use.role.account: use.role}),
            use.role,
            first[use.role.account],
            use.uses,
        )
        for use in roles
    }
    answers = _gathered(asked, around, "looking at roles")
    seen = tuple(answers[use] for use in roles)
    reader = around.aws.reader({a: facts.role for a, facts in doctor.readers(seen).items()})
    scopes = sorted(mesh.scopes) if roles else []
    looked: dict[object, Callable[[], Any]] = {
        scope: partial(doctor.look_at_scope, reader, scope) for scope in scopes
    }
    answers = _gathered(looked, around, "looking at accounts")
    told = _Told(files, initial, token, seen, tuple(answers[scope] for scope in scopes))
    return Diagnosis(tuple(told.checks()))


def exit_code(files: Files, diagnosis: Diagnosis) -> ExitCode:
    """3 for invalid files, 1 when something is broken, else 0."""
    if not files.valid:
        return ExitCode.INVALID
    return ExitCode.FAILURE if diagnosis.broken else ExitCode.SUCCESS


@dataclass(frozen=True, slots=True)
class _Use:
    """A role and the commands that assume it."""

    role: Role
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """Everything that was answered."""

    files: Files
    initial: tuple[InitialFacts, ...]
    token: TokenFacts
    roles: tuple[RoleFacts, ...]
    scopes: tuple[ScopeFacts, ...]

    def checks(self) -> Iterator[Check]:
        yield self.files.check
        yield from self._initial()
        yield from doctor.judged_token(self.token)
        yield from doctor.judged_roles(self.roles, _names(self.initial))
        titles = {account: facts.title for account, facts in doctor.readers(self.roles).items()}
        wanted = Wanted.of(self.files.mesh)
        for facts in self.scopes:
            yield from doctor.judged_scope(facts, wanted, titles[facts.scope.account])

    def _initial(self) -> Iterator[Check]:
        for facts in self.initial:
            where = INITIAL if len(self.initial) == 1 else f"{INITIAL} in {facts.partition}"
            applies = any(
                "apply" in role.uses and isinstance(role.session, str) for role in self.roles
            )
            yield from doctor.judged_initial(
                facts, where, repository=self.token.repository, applies=applies
            )


def _identities(mesh: Mesh, around: Surroundings) -> tuple[tuple[InitialFacts, ...], TokenFacts]:
    """Who we are in each partition of the mesh, and what the token may, all at once."""
    regions = {partition(scope.region): scope.region for scope in sorted(mesh.scopes, reverse=True)}
    regions = regions or {partition(ANYWHERE): ANYWHERE}
    questions: dict[object, Callable[[], Any]] = {
        name: partial(doctor.look_at_initial, around.identities, region)
        for name, region in sorted(regions.items())
    }
    answers = _gathered({**questions, TokenFacts: around.token}, around, "looking at identities")
    return tuple(answers[name] for name in questions), answers[TokenFacts]


def _gathered(
    questions: Mapping[object, Callable[[], Any]], around: Surroundings, activity: str
) -> dict[object, Any]:
    return gather(questions, around.dispatcher, activity, around.progress, around.stop)


def _known(initial: tuple[InitialFacts, ...]) -> bool:
    """False when AWS knows us nowhere: then no role can be assumed, which is said once."""
    return any(not isinstance(facts.caller, AwsError) for facts in initial)


def _roles(mesh: Mesh, uses: tuple[str, ...]) -> tuple[_Use, ...]:
    """Every role, by account; one that both commands assume is one."""
    found: dict[Role, list[str]] = {}
    for use in uses:
        for role in roles_for(mesh.scopes, (mesh,), {}, applying=use == "apply").values():
            found.setdefault(replace(role, writes=False, inspects=True), []).append(use)
    ordered = sorted(found.items(), key=lambda item: (item[0].account, uses.index(item[1][0])))
    return tuple(_Use(role, tuple(named)) for role, named in ordered)


def _names(initial: tuple[InitialFacts, ...]) -> str:
    """The initial identity, as a trust policy would name it."""
    callers = [facts.caller for facts in initial if not isinstance(facts.caller, AwsError)]
    if not callers:
        return ""
    caller = callers[0]
    if caller.role_name:
        return f"arn:{caller.partition}:iam::{caller.account}:role/{caller.role_name}"
    return caller.arn


def _first(diagnostics: tuple[Diagnostic, ...], thing: str) -> str:
    return f"{_count(len(diagnostics), thing)}, the first: {diagnostics[0]}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
