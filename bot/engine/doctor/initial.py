"""Judge the initial identity: who we are, and who else may become that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.engine.doctor.facts import InitialFacts
from bot.engine.doctor.trust import GITHUB, Statement, Subject, allowing, subjects
from bot.errors import AwsError
from bot.model.doctor import Caller, Check, Verdict

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
AUDIENCE = f"{GITHUB}:aud"

_SIGN_IN = (
    "Sign in: on a laptop set AWS_PROFILE, in GitHub Actions give the job `id-token: write` and "
    "a role (docs/iam.md)."
)
_OTHER_PARTITION = " No identity reaches from one partition (aws, aws-cn, aws-us-gov) to another."


def judged_initial(
    facts: InitialFacts, where: str, *, repository: str, applies: bool
) -> Iterator[Check]:
    """Rows on one initial identity.

    ``repository`` is ``owner/name`` where it is known; ``applies`` says that the identity can
    assume a role that changes things.
    """
    if isinstance(facts.caller, AwsError):
        yield Check(Verdict.BROKEN, where, "who we are", str(facts.caller), _advice(facts))
        return
    yield _who(facts.caller, where)
    if not facts.caller.role_name:
        return
    if isinstance(facts.trust, AwsError):
        yield Check(
            Verdict.UNPROVED,
            where,
            "trust policy",
            f"not readable ({facts.trust.code})",
            "Allow the role iam:GetRole on itself (parameter Doctor of initial-roles.yaml).",
        )
        return
    yield from judged_trust(facts.trust, where, repository=repository, applies=applies)


def _advice(facts: InitialFacts) -> str:
    return _SIGN_IN + (_OTHER_PARTITION if facts.partition != "aws" else "")


def _who(caller: Caller, where: str) -> Check:
    if caller.kind in {"user", "root"}:
        found = f"{caller.arn} has long-lived keys"
        advice = "Use a role: OIDC in GitHub Actions, IAM Identity Center on a laptop."
        return Check(Verdict.WARNING, where, "who we are", found, advice)
    return Check(Verdict.OK, where, "who we are", caller.arn)


def judged_trust(
    document: object, where: str, *, repository: str, applies: bool
) -> Iterator[Check]:
    """Rows on the trust policy of an initial role."""
    statements = allowing(document)
    if statements is None:
        yield Check(Verdict.WARNING, where, "trust policy", "is no policy that can be understood")
        return
    found = [*_anybody(statements, where)]
    trusting = [s for s in statements if s.github and s.allows(WEB_IDENTITY)]
    for statement in trusting:
        found += _of_github(statement, where, repository, applies)
    if not trusting and not found:
        text = "does not trust GitHub's OIDC provider: workflows cannot sign in to this role"
        found.append(Check(Verdict.OK, where, "trust policy", text))
    yield from found or [_sound(trusting, where)]


def _anybody(statements: Iterable[Statement], where: str) -> Iterator[Check]:
    for statement in statements:
        if statement.anybody:
            conditioned = bool(statement.conditions)
            found = "everybody with an AWS account is trusted"
            if conditioned:
                found += ", within conditions that were not judged"
            advice = "Name the principals that may assume the role."
            verdict = Verdict.WARNING if conditioned else Verdict.BROKEN
            yield Check(verdict, where, "trust policy", found, advice)


def _of_github(statement: Statement, where: str, repository: str, applies: bool) -> Iterator[Check]:
    wanted = subjects(statement)
    problems = [*_audience(statement)]
    if not wanted:
        problems.append(
            (
                Verdict.BROKEN,
                "sub is not pinned: every repository on GitHub can become this role",
                f'Add StringEquals "{GITHUB}:sub" with your repository (docs/iam.md).',
            )
        )
    problems += _wildcards(wanted)
    problems += _both_forms(wanted)
    problems += _of_pull_requests(wanted, applies)
    problems += _of_others(wanted, repository)
    for verdict, found, advice in problems:
        yield Check(verdict, where, "trust policy", found, advice)


_Problem = tuple[Verdict, str, str]


def _audience(statement: Statement) -> Iterator[_Problem]:
    held = statement.pinned(AUDIENCE)
    if not held or any(condition.wildcards for condition in held):
        found = "aud is not pinned: a token made for somebody else opens this role"
        yield Verdict.WARNING, found, f'Add StringEquals "{AUDIENCE}": "sts.amazonaws.com".'


def _wildcards(wanted: Iterable[Subject]) -> Iterator[_Problem]:
    for subject in wanted:
        if subject.wild and subject.owned:
            found = f"the wildcard in sub {subject.text} admits more jobs than are meant"
            yield Verdict.WARNING, found, "Name each subject in full, with StringEquals."
        elif subject.wild:
            found = f"sub {subject.text} admits repositories of other owners"
            yield Verdict.BROKEN, found, "Name owner and repository, with StringEquals."


def _both_forms(wanted: Iterable[Subject]) -> Iterator[_Problem]:
    named = [subject for subject in wanted if subject.repository]
    if len({subject.immutable for subject in named}) > 1:
        found = "sub is trusted in the classic and in the immutable form; GitHub issues one of them"
        advice = "Keep the one that your repository has: a classic name can be taken over."
        yield Verdict.WARNING, found, advice


def _of_pull_requests(wanted: Iterable[Subject], applies: bool) -> Iterator[_Problem]:
    if applies and any(subject.admits_pull_requests for subject in wanted):
        found = "pull requests can become this role, and it can assume roles that apply"
        advice = (
            "Whoever may push a branch could change the network: trust a protected environment "
            "alone for apply, and give plan a role of its own."
        )
        yield Verdict.WARNING, found, advice


def _of_others(wanted: Iterable[Subject], repository: str) -> Iterator[_Problem]:
    named = {subject.repository for subject in wanted if subject.repository and not subject.wild}
    if repository and named and repository not in named:
        listed = ", ".join(sorted(named))
        found = f"sub names {listed}, and this is {repository}"
        advice = "Mend the subject, upper and lower case included: it is compared letter by letter."
        yield Verdict.WARNING, found, advice


def _sound(trusting: Iterable[Statement], where: str) -> Check:
    texts = sorted({subject.text for statement in trusting for subject in subjects(statement)})
    return Check(Verdict.OK, where, "trust policy", f"aud is pinned, and sub to {', '.join(texts)}")
