"""Check runs of our own, which may carry a record. Comments and other apps' are none."""

from __future__ import annotations

from typing import Any

from bot.adapters.github.checks import MAX_TITLE
from bot.adapters.github.session import Session
from bot.adapters.github.viewer import Viewer
from bot.model.github import Conclusion
from bot.model.record import OwnCheck

BOT = "[bot]"


class Records:
    """What plan jobs recorded on commits."""

    def __init__(self, session: Session, viewer: Viewer) -> None:
        self._reading, self._viewer = session.needing("checks: read"), viewer
        self._writing = session.needing("checks: write")

    def on(self, commit: str, name: str) -> tuple[OwnCheck, ...]:
        """The check runs of this name that our own app finished on a commit, newest first.

        A person's token is no app, so nothing that it sees is its own.
        """
        slug = self._app()

        def ours() -> tuple[OwnCheck, ...]:
            listed = self._reading.repository.get_commit(commit)
            runs = listed.get_check_runs(check_name=name, filter="all")
            own = (run for run in runs if _is_ours(run, slug, commit, name))
            return tuple(_read(run) for run in sorted(own, key=lambda run: -run.id))

        return self._reading.call(f"list the check runs of {commit[:12]}", ours) if slug else ()

    def rewrite(
        self, check: OwnCheck, conclusion: Conclusion, title: str, summary: str, text: str
    ) -> None:
        """Gives a check run that is there another conclusion and other words."""

        def change() -> None:
            output = {"title": title[:MAX_TITLE], "summary": summary, "text": text}
            run = self._writing.repository.get_check_run(check.id)
            run.edit(status="completed", conclusion=str(conclusion), output=output)

        self._writing.call("update the check run", change)

    def _app(self) -> str:
        login = self._viewer.login()
        return login.removesuffix(BOT) if login.endswith(BOT) else ""


def _is_ours(run: Any, slug: str, commit: str, name: str) -> bool:
    app = run.app
    return (
        app is not None
        and app.slug == slug
        and run.head_sha == commit
        and run.name == name
        and run.status == "completed"
    )


def _read(run: Any) -> OwnCheck:
    output = run.output
    return OwnCheck(
        int(run.id),
        output.text or "",
        output.title or "",
        output.summary or "",
        run.conclusion or "",
    )
