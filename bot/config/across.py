"""What a schema cannot state about all mesh files together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.config.draft import EnvironmentDraft, FileDraft, MemberDraft
from bot.config.fault import Faults, quoted
from bot.config.node import Mapping
from bot.model.address import AccountId
from bot.model.diagnostic import SourceLine
from bot.model.mesh import MemberState, Metadata

_Role = Callable[[Metadata, Metadata], str | None]
"""What a file says of the role that reaches an account, beside another file."""


def check_across(drafts: tuple[FileDraft, ...], faults: Faults) -> None:
    """Record what the files contradict one another in."""
    _environments_once(drafts, faults)
    _abandoned(drafts, faults)
    for key, role in _ROLE_KEYS.items():
        _one_role(drafts, key, role, faults)


def _environments_once(drafts: tuple[FileDraft, ...], faults: Faults) -> None:
    """An environment's name is what its peerings are found by, so it stands in one file."""
    first: dict[str, SourceLine] = {}
    for file in drafts:
        for draft in file.environments:
            name, at = draft.environment.name, draft.key.at
            if name in first:
                summary = f"the environment {quoted(name)} is in two files"
                detail = f"It is also at {first[name]}: rename one, or put them together."
                faults.error("environment-twice", summary, detail, at, environments=(name,))
            first.setdefault(name, at)


def _abandoned(drafts: tuple[FileDraft, ...], faults: Faults) -> None:
    """An account that is closed has no VPC that is present."""
    present: dict[AccountId, SourceLine] = {}
    for _, _, item in _members(drafts):
        if item.member.state is MemberState.PRESENT:
            present.setdefault(item.member.vpc.scope.account, item.member.declared_at)
    for _, draft, item in _members(drafts):
        account = item.member.vpc.scope.account
        if item.member.state is MemberState.ABANDONED and account in present:
            summary = f"account {account} is abandoned here and has a VPC that is present"
            detail = (
                f"That is at {present[account]}. For a VPC that left the mesh use state: absent."
            )
            at = item.node.entries["state"].value.at
            names = (draft.environment.name,)
            faults.error("abandoned-and-present", summary, detail, at, environments=names)


def _one_role(drafts: tuple[FileDraft, ...], key: str, role: _Role, faults: Faults) -> None:
    """An account is reached through one role, however many files it is in."""
    first: dict[AccountId, FileDraft] = {}
    told: set[tuple[str, str]] = set()
    for file, _, item in _members(drafts):
        account = item.member.vpc.scope.account
        if file.metadata is None or item.member.state is MemberState.ABANDONED:
            continue
        other = first.setdefault(account, file)
        assert other.metadata is not None
        ours, theirs = role(file.metadata, other.metadata), role(other.metadata, file.metadata)
        if ours != theirs and (other.path, file.path) not in told:
            told.add((other.path, file.path))
            summary = f"account {account} is given two values of {key}"
            detail = (
                f"{_shown(theirs)} at {_place(other, key)} and {_shown(ours)} here: "
                "one account has one role, in all files."
            )
            faults.error("two-roles", summary, detail, _place(file, key))


def _members(
    drafts: tuple[FileDraft, ...],
) -> Iterator[tuple[FileDraft, EnvironmentDraft, MemberDraft]]:
    return (
        (file, draft, item)
        for file in drafts
        for draft in file.environments
        for item in draft.members
        if item.identified
    )


def _shown(value: str | None) -> str:
    return quoted(value) if value else "none"


def _place(file: FileDraft, key: str) -> SourceLine:
    """Where a file's metadata says a key, or what stands for it."""
    assert isinstance(file.metadata_node, Mapping)
    entries = file.metadata_node.entries
    entry = entries.get(key) or entries["common_principal_name"]
    return entry.value.at


def _plan_role(metadata: Metadata, other: Metadata) -> str | None:
    """The plan role, which is the apply role where only the other file names one."""
    if not (metadata.plan_principal_name or other.plan_principal_name):
        return None
    return metadata.plan_principal_name or metadata.common_principal_name


_ROLE_KEYS: dict[str, _Role] = {
    "common_principal_name": lambda metadata, _: metadata.common_principal_name,
    "plan_principal_name": _plan_role,
    "external_id": lambda metadata, _: metadata.external_id,
}
