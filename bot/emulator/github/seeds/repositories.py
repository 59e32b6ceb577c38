"""Accounts, repositories, and what people push."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from bot.emulator.github import pull_requests
from bot.emulator.github.calls import Json
from bot.emulator.github.objects import FILE, Entry, Objects
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.seeds.base import Base
from bot.emulator.github.world import Repository

FileSpec = str | Mapping[str, str] | None
"""A file's text; ``{"base64": …, "mode": "120000"}`` (either may be left out); None: deleted."""
ROLES = ("read", "triage", "write", "maintain", "admin")


class Repositories(Base):
    """Verbs about repositories and their branches."""

    def create_account(self, login: str, type: str = "User") -> Json:
        """A user or an organization (``type`` ``Organization``)."""
        account = self.world.account(login, type)
        return {"login": account.login, "id": account.id}

    def create_repository(
        self,
        name: str,
        files: Mapping[str, FileSpec] | None = None,
        private: bool = True,
        default_branch: str = "main",
        roles: Mapping[str, str] | None = None,
        author: str = "",
        message: str = "Initial commit",
    ) -> Json:
        """A repository ``owner/name`` with one commit on its default branch."""
        owner, _, short = name.partition("/")
        self.world.account(owner)
        now = self.world.now()
        repository = Repository(
            self.world.new_id(), owner, short, private, default_branch, now, now, Objects(),
            roles=dict(roles or {}),
        )  # fmt: skip
        for login in repository.roles:
            self.world.account(login)
        self.world.repositories[name] = repository
        sha = self.push(name, default_branch, files or {}, message, author or owner)
        return {"id": repository.id, "sha": sha}

    def fork(self, name: str, owner: str) -> Json:
        """Somebody's fork, with all branches."""
        source = self._repository(name)
        self.world.account(owner)
        now = self.world.now()
        forked = Repository(
            self.world.new_id(), owner, source.name, source.private, source.default_branch, now,
            now, source.objects, name, {f"refs/heads/{b}": s for b, s in source.branches.items()},
        )  # fmt: skip
        self.world.repositories[forked.full_name] = forked
        return {"id": forked.id, "name": forked.full_name}

    def set_role(self, name: str, login: str, role: str) -> None:
        """Make somebody a collaborator with this role."""
        if role not in ROLES:
            raise ValueError(f"no role {role!r}; one of {', '.join(ROLES)}")
        self.world.account(login)
        self._repository(name).roles[login] = role

    def protect(self, name: str, branch: str) -> None:
        """Mark a branch as protected."""
        self._repository(name).protected.add(branch)

    def push(
        self,
        name: str,
        branch: str,
        files: Mapping[str, FileSpec],
        message: str = "Change files",
        author: str = "",
        base: str = "",
    ) -> str:
        """Commit changed files to a branch; a new one starts at ``base`` (the default branch).

        With ``base`` an existing branch is reset to it first: a force push. The commit's SHA.
        """
        repository, objects = self._repository(name), self._repository(name).objects
        start = base or (branch if branch in repository.branches else repository.default_branch)
        parent = resolve(repository, start)
        current = objects.files_at(parent) if parent else {}
        for path, spec in files.items():
            if spec is None:
                current.pop(path, None)
            else:
                current[path] = stored(objects, spec)
        login = author or repository.owner
        signature = self.world.signature(login)
        parents = [parent] if parent else []
        commit = objects.add_commit(current, parents, message, signature, login)
        repository.refs[f"refs/heads/{branch}"] = commit.sha
        repository.pushed_at = signature.date
        self._refresh(repository)
        return commit.sha

    def delete_branch(self, name: str, branch: str) -> None:
        """Delete a branch."""
        del self._repository(name).refs[f"refs/heads/{branch}"]

    def _refresh(self, repository: Repository) -> None:
        for other in self.world.network(repository):
            pull_requests.refresh(self.world, other)

    def files(self, name: str, ref: str) -> dict[str, str]:
        """Every file of a revision (path → base64), for a checkout."""
        repository = self._repository(name)
        sha = resolve(repository, ref)
        if sha is None:
            raise KeyError(f"no revision {ref} in {name}")
        objects = repository.objects
        return {
            path: base64.b64encode(objects.content(entry)).decode()
            for path, entry in objects.files_at(sha).items()
        }


def stored(objects: Objects, spec: str | Mapping[str, str]) -> Entry:
    """Store a file's content."""
    if isinstance(spec, str):
        return Entry(FILE, objects.add_blob(spec.encode()))
    content = base64.b64decode(spec["base64"]) if "base64" in spec else spec["text"].encode()
    return Entry(spec.get("mode", FILE), objects.add_blob(content))
