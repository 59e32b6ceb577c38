"""Judge the member roles: can they be assumed, whom do they trust, what may they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.engine.doctor.facts import RoleFacts
from bot.engine.doctor.trust import allowing
from bot.errors import AwsError
from bot.model.address import AccountId
from bot.model.doctor import Check, Verdict

EXTERNAL_ID = "sts:ExternalId"
_NAMED = 3
"""So many accounts are named; the others are counted."""


def judged_roles(roles: Sequence[RoleFacts], caller_arn: str) -> Iterator[Check]:
    """Rows on each role, then on what could not be seen of them together."""
    closed = _closed(roles)
    for facts in roles:
        if facts.uses != closed:
            yield from _judged(facts, caller_arn)
    for (use,) in filter(None, [closed]):
        found = f"this identity may assume none of them, which is right if it is not {use}'s"
        advice = f"Run `meshbot doctor --{use}` with the identity of {use}."
        yield Check(Verdict.UNPROVED, "member roles", f"{use} roles", found, advice)
    yield from _unseen(roles)


def readers(roles: Sequence[RoleFacts]) -> Mapping[AccountId, RoleFacts]:
    """The role through which an account is read: the first that is not another identity's."""
    closed = _closed(roles)
    found: dict[AccountId, RoleFacts] = {}
    for facts in sorted(roles, key=lambda facts: facts.uses == closed):
        found.setdefault(facts.role.account, facts)
    return found


def _closed(roles: Sequence[RoleFacts]) -> tuple[str, ...]:
    """The use all of whose roles are refused while the other's are not: the two are kept apart."""
    uses = {facts.uses for facts in roles}
    refused = {
        use
        for use in uses
        if all(
            isinstance(facts.session, AwsError) and facts.session.code == "AccessDenied"
            for facts in roles
            if facts.uses == use
        )
    }
    return next(iter(refused)) if len(refused) == 1 and len(uses) == 2 else ()


def _judged(facts: RoleFacts, caller_arn: str) -> Iterator[Check]:
    where = f"account {facts.role.account}"
    if isinstance(facts.session, AwsError):
        found = f"{facts.session.code}: {facts.session.message}"
        advice = _advice(facts, facts.session, caller_arn)
        yield Check(Verdict.BROKEN, where, facts.title, found, advice)
        return
    if len(facts.uses) > 1:
        found = "one role for both: only meshbot and its session policy keep a plan from writing"
        advice = "Name a read-only role as plan_principal_name."
        yield Check(Verdict.WARNING, where, facts.title, found, advice)
    else:
        yield Check(Verdict.OK, where, facts.title, "can be assumed")
    yield from _trust(facts, where)
    yield from _permissions(facts, where)


def _advice(facts: RoleFacts, error: AwsError, caller_arn: str) -> str:
    if error.code != "AccessDenied":
        return "Run again; if it stays, see docs/iam.md."
    who = caller_arn or "the initial identity"
    asked = f" with the external id {facts.role.external_id}" if facts.role.external_id else ""
    wanted = "" if asked else " and demands no external id (else: external_id in the mesh file)"
    return (
        f"Check that {facts.arn} exists, trusts {who}{asked}{wanted}, and that the initial "
        "identity is allowed sts:AssumeRole on it (docs/iam.md)."
    )


def _trust(facts: RoleFacts, where: str) -> Iterator[Check]:
    statements = None if isinstance(facts.trust, AwsError) else allowing(facts.trust)
    what = f"trust of {facts.role.name}"
    open_ = [s for s in statements or () if s.anybody and not s.conditions]
    if open_:
        found = "everybody with an AWS account may assume it"
        advice = "Trust the initial role alone (docs/iam/member-roles.yaml)."
        yield Check(Verdict.BROKEN, where, what, found, advice)
    elif facts.role.external_id and not all(s.pinned(EXTERNAL_ID) for s in statements or ()):
        found = "does not demand the external_id that the mesh file gives"
        advice = "Add a condition on sts:ExternalId, or take external_id out of the file."
        yield Check(Verdict.WARNING, where, what, found, advice)


def _permissions(facts: RoleFacts, where: str) -> Iterator[Check]:
    if facts.simulated is None or isinstance(facts.simulated, AwsError):
        return
    what = f"permissions of {facts.role.name}"
    missing = sorted(action for action, allowed in facts.simulated.items() if not allowed)
    if missing:
        found = f"by IAM's simulator it may not {', '.join(missing)}"
        advice = "Allow it (docs/iam.md); a policy that is written otherwise may still do."
        yield Check(Verdict.WARNING, where, what, found, advice)
    else:
        yield Check(Verdict.OK, where, what, "by IAM's simulator it may do all that is needed")


def _unseen(roles: Sequence[RoleFacts]) -> Iterator[Check]:
    """One row for all roles: with the least permissions this is so everywhere."""
    hidden = [facts for facts in roles if isinstance(facts.simulated, AwsError)]
    applying = [facts for facts in hidden if "apply" in facts.uses]
    if hidden:
        accounts = _listed(sorted({facts.role.account for facts in hidden}))
        found = f"IAM may not be asked in {accounts}"
        if applying:
            found += ": what apply may change there shows when it applies"
        advice = (
            "To see it beforehand allow the roles iam:GetRole and iam:SimulatePrincipalPolicy on "
            "themselves (parameter Doctor of member-roles.yaml)."
        )
        yield Check(Verdict.UNPROVED, "member roles", "permissions", found, advice)


def _listed(accounts: Iterable[str]) -> str:
    named = list(accounts)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"
