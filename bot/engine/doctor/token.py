"""Judge the token for GitHub, and the OIDC permission of the job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.model.doctor import Check, TokenFacts, Verdict

WHERE = "GitHub"

NEEDED: Mapping[str, tuple[str, str]] = {
    "contents": ("read", "every command"),
    "pull-requests": ("write", "the comment on pull requests"),
    "checks": ("write", "the check run, which records the plan"),
    "actions": ("read", "recorded plans, to apply"),
    "deployments": ("write", "what was applied last, to apply"),
    "issues": ("write", "drift"),
}
"""By permission of a job's token: how much of it, and what for (docs/github.md)."""


def judged_token(facts: TokenFacts) -> Iterator[Check]:
    """Rows on the token. What may be written cannot be known without writing."""
    if facts.problem:
        yield Check(Verdict.UNPROVED, WHERE, "token", facts.problem)
    else:
        yield from _reads(facts)
        yield _writes(facts)
    if facts.in_actions:
        yield _oidc(facts)


def _reads(facts: TokenFacts) -> Iterator[Check]:
    for permission, words in facts.refused.items():
        much, purpose = NEEDED[permission]
        verdict = Verdict.BROKEN if permission == "contents" else Verdict.WARNING
        found = f"{words} It is for {purpose}"
        advice = f"Add `{permission}: {much}` to the `permissions:` of the jobs that need it."
        yield Check(verdict, WHERE, f"{permission}: read", found, advice)
    if facts.allowed:
        found = f"{facts.repository}: {', '.join(facts.allowed)}"
        if facts.public:
            found += " (the repository is public: every token may)"
        yield Check(Verdict.OK, WHERE, "reads", found)


def _writes(facts: TokenFacts) -> Check:
    wanted = ", ".join(f"{name}: {much}" for name, (much, _) in NEEDED.items() if much == "write")
    if facts.scopes is not None:
        enough = facts.scopes & ({"repo", "public_repo"} if facts.public else {"repo"})
        listed = ", ".join(sorted(facts.scopes)) or "none"
        if enough:
            return Check(Verdict.OK, WHERE, "writes", f"a classic token with the scopes {listed}")
        advice = "Use the job's own token, or one with the scope repo."
        found = f"a classic token with the scopes {listed}"
        return Check(Verdict.WARNING, WHERE, "writes", found, advice)
    found = "cannot be known without writing"
    return Check(Verdict.UNPROVED, WHERE, "writes", found, f"The jobs need {wanted}.")


def _oidc(facts: TokenFacts) -> Check:
    if facts.oidc:
        return Check(Verdict.OK, WHERE, "id-token: write", "the job may ask for an OIDC token")
    found = "the job may not ask for an OIDC token"
    advice = "Add `id-token: write` to its `permissions:`, unless it signs in to AWS otherwise."
    return Check(Verdict.WARNING, WHERE, "id-token: write", found, advice)
