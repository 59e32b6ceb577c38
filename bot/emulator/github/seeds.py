"""What happens on GitHub other than through the API: people push, merge, review, runs start.

Every public method of Seeds is a verb of the control endpoint; arguments and results are JSON.
"""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.emulator.github import events, pull_requests, runs
from bot.emulator.github.calls import Json
from bot.emulator.github.emulator import Emulator
from bot.emulator.github.identity import Identity
from bot.emulator.github.objects import FILE, Entry, Objects
from bot.emulator.github.rest.checks import suite_for
from bot.emulator.github.rest.comments import check_length
from bot.emulator.github.rest.issues import new_issue
from bot.emulator.github.rest.pulls import open_pull
from bot.emulator.github.rest.reviews import add_review
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.world import App, Artifact, CheckRun, Comment, Repository, Review, World

FileSpec = str | Mapping[str, str] | None
"""A file's text; ``{"base64": …, "mode": "120000"}`` (either may be left out); None: deleted."""
ROLES = ("read", "triage", "write", "maintain", "admin")


class Seeds:
    """The verbs. Unknown names raise KeyError, what cannot be done ValueError or ApiError."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.world: World = emulator.world

    def _repository(self, name: str) -> Repository:
        if name not in self.world.repositories:
            raise KeyError(f"no repository {name}")
        return self.world.repositories[name]

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

    def open_pull(
        self,
        name: str,
        head: str,
        base: str = "",
        title: str = "Change meshes",
        body: str | None = None,
        author: str = "",
        draft: bool = False,
    ) -> int:
        """Open a pull request from a branch, or from ``owner:branch`` of a fork; its number."""
        repository = self._repository(name)
        base = base or repository.default_branch
        wanted = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        return open_pull(self.world, repository, author or repository.owner, wanted).number

    def merge(self, name: str, number: int, method: str = "merge", by: str = "") -> str:
        """Merge a pull request by ``merge``, ``squash`` or ``rebase``; the new tip of the base."""
        repository = self._repository(name)
        pull, by = repository.pulls[number], by or repository.owner
        return pull_requests.merge(self.world, repository, pull, by, method)

    def review(
        self, name: str, number: int, author: str, state: str = "APPROVED", body: str = "",
        commit: str = "",
    ) -> int:  # fmt: skip
        """A review of the head or of ``commit``; its id."""
        pull = self._repository(name).pulls[number]
        return add_review(self.world, pull, author, state, body, commit or None).id

    def edit_review(self, name: str, number: int, review: int, body: str) -> None:
        """Its author changes what a review says."""
        found = self._review(name, number, review)
        found.body, found.edited_at = body, self.world.now()

    def dismiss_review(self, name: str, number: int, review: int) -> None:
        """Somebody who may write takes an approval back."""
        self._review(name, number, review).state = "DISMISSED"

    def _review(self, name: str, number: int, review: int) -> Review:
        reviews = self._repository(name).pulls[number].reviews
        return next(found for found in reviews if found.id == review)

    def create_issue(self, name: str, title: str, author: str = "", body: str | None = None) -> int:
        """An issue; its number."""
        repository = self._repository(name)
        login = author or repository.owner
        return new_issue(self.world, repository, login, title, body).number

    def comment(self, name: str, number: int, author: str, body: str) -> int:
        """Somebody comments on an issue or pull request; the comment's id."""
        repository = self._repository(name)
        check_length(body, "IssueComment")
        now = self.world.now()
        comment = Comment(self.world.new_id(), number, author, body, now, now)
        self.world.account(author)
        repository.issues[number].updated_at = now
        repository.comments[comment.id] = comment
        return comment.id

    def edit_comment(self, name: str, comment: int, body: str, by: str) -> None:
        """Somebody with the right to changes a comment."""
        found = self._repository(name).comments[comment]
        self.world.account(by)
        found.body, found.editor, found.updated_at = body, by, self.world.now()

    def delete_comment(self, name: str, comment: int) -> None:
        """Somebody deletes a comment."""
        del self._repository(name).comments[comment]

    def check_run(
        self, name: str, sha: str, check: str, conclusion: str = "success", app: str = "other-ci",
        text: str = "",
    ) -> int:  # fmt: skip
        """A completed check run of some app, which only that app may change; its id."""
        repository = self._repository(name)
        owner = next((a for a in self.world.apps.values() if a.slug == app), None)
        if owner is None:
            owner = App(self.world.new_id(), app, app)
            self.world.apps[owner.id] = owner
        suite = suite_for(self.world, repository, owner, sha)
        now = self.world.now()
        run = CheckRun(self.world.new_id(), suite, check, "completed", now, conclusion, now)
        run.output = {"title": check, "summary": conclusion, "text": text or None}
        repository.check_runs[run.id] = run
        return run.id

    def token(self, login: str) -> str:
        """A token of a user, who may do what the user's role allows."""
        self.world.account(login)
        return self.emulator.tokens.issue(Identity(login))

    def event(self, name: str, event: str, **wanted: Any) -> Json:
        """An event's payload, as written to ``GITHUB_EVENT_PATH``."""
        repository = self._repository(name)
        return events.event(self.world, repository, event, wanted).payload

    def start_run(
        self,
        name: str,
        event: str,
        wanted: Mapping[str, Any] | None = None,
        permissions: Mapping[str, str] | None = None,
        workflow: str = ".github/workflows/meshbot.yml",
        environment: str = "",
        immutable_subject: bool = False,
    ) -> Json:
        """Start a workflow run with one job; see ``runs.job`` for the result."""
        repository = self._repository(name)
        made = events.event(self.world, repository, event, wanted or {})
        run = runs.start(self.world, repository, made, workflow)
        return runs.job(
            self.world, self.emulator.tokens, repository, made, run,
            {"contents": "read"} if permissions is None else permissions,
            environment, immutable_subject,
        )  # fmt: skip

    def finish_run(self, name: str, run: int, conclusion: str = "success") -> None:
        """End a run; its tokens are no longer valid."""
        found = self._repository(name).runs[run]
        found.status, found.conclusion, found.updated_at = "completed", conclusion, self.world.now()
        for table in (self.emulator.tokens.api, self.emulator.tokens.requests):
            for token in [t for t, identity in table.items() if identity.run == run]:
                del table[token]

    def rerun(
        self,
        name: str,
        run: int,
        permissions: Mapping[str, str] | None = None,
        environment: str = "",
        immutable_subject: bool = False,
    ) -> Json:
        """Another attempt of a run, on the very same event; see ``runs.job`` for the result."""
        repository = self._repository(name)
        found = repository.runs[run]
        found.attempt += 1
        found.status, found.conclusion = "in_progress", None
        return runs.job(
            self.world, self.emulator.tokens, repository, found.started_by, found,
            {"contents": "read"} if permissions is None else permissions,
            environment, immutable_subject,
        )  # fmt: skip

    def upload_artifact(self, name: str, run: int, artifact: str, files: Mapping[str, str]) -> int:
        """What actions/upload-artifact does: files (path → base64) as a ZIP; the artifact's id."""
        repository = self._repository(name)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(zipfile.ZipInfo(path), base64.b64decode(content))
        now = self.world.now()
        made = Artifact(
            self.world.new_id(), artifact, stream.getvalue(), repository.runs[run], now,
            now + timedelta(days=90),
        )  # fmt: skip
        repository.artifacts[made.id] = made
        return made.id

    def expire_artifact(self, name: str, artifact: int) -> None:
        """Its time is over: it is still listed, but cannot be downloaded."""
        self._repository(name).artifacts[artifact].expired = True

    def delete_artifact(self, name: str, artifact: int) -> None:
        """Somebody deletes it."""
        del self._repository(name).artifacts[artifact]

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
