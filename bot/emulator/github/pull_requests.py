"""What a pull request contains, whether it can be merged, and merging it three ways."""

from __future__ import annotations

from bot.emulator.github.changes import FileChange, changed_files
from bot.emulator.github.errors import ApiError
from bot.emulator.github.history import Conflict, log, merge_base, merged
from bot.emulator.github.objects import Commit, Entry
from bot.emulator.github.world import Pull, Repository, World

METHODS = ("merge", "squash", "rebase")


def commits_of(repository: Repository, pull: Pull) -> list[str]:
    """Its commits, oldest first; unchanged by the merge."""
    stop = frozenset({pull.base_sha})
    return list(log(repository.objects, pull.head_sha, stop))[::-1]


def changes_of(repository: Repository, pull: Pull) -> list[FileChange]:
    """Changed files between the merge base and the head (three dots)."""
    objects = repository.objects
    base = merge_base(objects, pull.head_sha, pull.base_sha)
    before = objects.files_at(base) if base else {}
    return changed_files(objects, before, objects.files_at(pull.head_sha))


def merged_files(repository: Repository, base: str, head: str) -> dict[str, Entry]:
    """The files after merging two commits. Raises Conflict."""
    objects = repository.objects
    ancestor = merge_base(objects, base, head)
    before = objects.files_at(ancestor) if ancestor else {}
    return merged(objects, before, objects.files_at(base), objects.files_at(head))


def mergeable(repository: Repository, pull: Pull) -> bool:
    """Whether head merges into base without conflict."""
    try:
        merged_files(repository, pull.base_sha, pull.head_sha)
    except Conflict:
        return False
    return True


def refresh(world: World, repository: Repository) -> None:
    """Let open pull requests follow their branches, and remake their test merges.

    GitHub keeps ``refs/pull/N/head`` and, unless there is a conflict, ``refs/pull/N/merge``.
    """
    for pull in repository.pulls.values():
        if pull.issue.state != "open":
            continue
        head = world.repositories.get(pull.head_repository)
        before = (pull.head_sha, pull.base_sha)
        pull.head_sha = (head.branches if head else {}).get(pull.head_ref, pull.head_sha)
        pull.base_sha = repository.branches.get(pull.base_ref, pull.base_sha)
        untested = f"refs/pull/{pull.number}/head" not in repository.refs
        if untested or before != (pull.head_sha, pull.base_sha):
            test_merge(world, repository, pull)
            pull.issue.updated_at = world.now()


def test_merge(world: World, repository: Repository, pull: Pull) -> None:
    """Make the commit that workflows of ``pull_request`` run on, or none for a conflict."""
    name = f"refs/pull/{pull.number}"
    repository.refs[f"{name}/head"] = pull.head_sha
    repository.refs.pop(f"{name}/merge", None)
    pull.merge_commit = None
    try:
        files = merged_files(repository, pull.base_sha, pull.head_sha)
    except Conflict:
        return
    message = f"Merge {pull.head_sha} into {pull.base_sha}"
    author = world.signature(pull.issue.user)
    parents = (pull.base_sha, pull.head_sha)
    commit = repository.objects.add_commit(files, parents, message, author, pull.issue.user)
    repository.refs[f"{name}/merge"] = pull.merge_commit = commit.sha


def merge(
    world: World,
    repository: Repository,
    pull: Pull,
    by: str,
    method: str = "merge",
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge; the SHA of the newest commit on the base. Raises ApiError 405 for a conflict."""
    try:
        commits = MERGES[method](world, repository, pull, by, title, message)
    except Conflict:
        raise ApiError(405, "Pull Request is not mergeable") from None
    tip = commits[-1]
    repository.refs[f"refs/heads/{pull.base_ref}"] = tip
    repository.refs.pop(f"refs/pull/{pull.number}/merge", None)
    repository.pushed_at = pull.merged_at = world.now()
    pull.merged_by, pull.merge_commit, pull.landed = by, tip, tuple(commits)
    close(pull, by)
    refresh(world, repository)
    return tip


def close(pull: Pull, by: str) -> None:
    """The issue's side of a merge."""
    issue = pull.issue
    issue.state, issue.closed_by = "closed", by
    issue.closed_at = issue.updated_at = pull.merged_at or issue.updated_at


def merge_commit(
    world: World, repository: Repository, pull: Pull, by: str, title: str | None, body: str | None
) -> list[str]:
    """One commit with two parents."""
    owner = pull.head_repository.partition("/")[0]
    title = title or f"Merge pull request #{pull.number} from {owner}/{pull.head_ref}"
    text = f"{title}\n\n{pull.issue.title if body is None else body}".rstrip()
    files = merged_files(repository, pull.base_sha, pull.head_sha)
    parents = (pull.base_sha, pull.head_sha)
    objects = repository.objects
    return [objects.add_commit(files, parents, text, world.signature(by), by).sha]


def squash(
    world: World, repository: Repository, pull: Pull, by: str, title: str | None, body: str | None
) -> list[str]:
    """One commit on the base with everything; its author is the pull request's."""
    text = f"{title or f'{pull.issue.title} (#{pull.number})'}\n\n{body or ''}".rstrip()
    files = merged_files(repository, pull.base_sha, pull.head_sha)
    author, objects = pull.issue.user, repository.objects
    signature = world.signature(author)
    return [objects.add_commit(files, (pull.base_sha,), text, signature, author).sha]


def rebase(
    world: World, repository: Repository, pull: Pull, by: str, title: str | None, body: str | None
) -> list[str]:
    """Each commit again on the base, with new names; merges are left out."""
    tip, made = pull.base_sha, []
    for sha in commits_of(repository, pull):
        commit = repository.objects.commits[sha]
        if len(commit.parents) < 2:
            tip = replayed(world, repository, commit, tip, by).sha
            made.append(tip)
    return made or [tip]


def replayed(world: World, repository: Repository, commit: Commit, tip: str, by: str) -> Commit:
    """One commit's change on top of another. Raises Conflict."""
    objects = repository.objects
    before = objects.files_at(commit.parents[0]) if commit.parents else {}
    files = merged(objects, before, objects.files_at(tip), objects.files_at(commit.sha))
    return objects.add_commit(
        files, (tip,), commit.message, commit.author, commit.login, world.signature(by)
    )


MERGES = {"merge": merge_commit, "squash": squash, "rebase": rebase}
