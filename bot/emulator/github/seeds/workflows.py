"""Events, runs and what runs leave: check runs and artifacts."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.emulator.github import events, runs
from bot.emulator.github.calls import Json
from bot.emulator.github.identity import Identity
from bot.emulator.github.rest.checks import suite_for
from bot.emulator.github.seeds.base import Base
from bot.emulator.github.world import App, Artifact, CheckRun


class Workflows(Base):
    """Verbs about workflow runs and other apps."""

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
