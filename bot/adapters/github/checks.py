"""Check runs, with all their annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.adapters.github.session import Session, Uncertain
from bot.model.github import Annotation, CheckRun

BATCH = 50
"""GitHub takes this many annotations in a request; an update adds to those that are there."""
MAX_TITLE = 255
MAX_TEXT = 60_000
"""Below GitHub's 64 KB for a message and 65,535 characters for a summary."""
ATTEMPTS = 3


class Checks:
    """The check runs of a repository."""

    def __init__(self, session: Session) -> None:
        self._session = session.needing("checks: write")

    def report(self, check: CheckRun) -> str:
        """Makes a finished check run; answers its URL."""
        first, *others = batches(check)
        made = self._create(check, first)
        for output in others:
            self._session.call(
                f"annotate the check run {check.name}",
                lambda output=output: made.edit(output=output),  # type: ignore[misc]
                # repeated, it would show its annotations twice
                repeatable=False,
            )
        return str(made.html_url or "")

    def _create(self, check: CheckRun, output: dict[str, Any]) -> Any:
        what = f"make a check run on {check.head_sha[:12]}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._session.call(what, lambda: self._post(check, output), repeatable=False)
            except Uncertain:
                if made := self._find(check):
                    return made
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt answers or raises")

    def _post(self, check: CheckRun, output: dict[str, Any]) -> Any:
        optional: dict[str, Any] = {
            "details_url": check.details_url,
            "external_id": check.external_id,
        }
        return self._session.repository.create_check_run(
            check.name,
            check.head_sha,
            status="completed",
            conclusion=str(check.conclusion),
            output=output,
            **{name: value for name, value in optional.items() if value},
        )

    def _find(self, check: CheckRun) -> Any:
        """The check run that a lost answer may have told of."""

        def ours() -> Any:
            commit = self._session.repository.get_commit(check.head_sha)
            runs = commit.get_check_runs(check_name=check.name, filter="all")
            return next((run for run in runs if run.external_id == check.external_id), None)

        self._session.sleep(1)
        return self._session.call("list the check runs", ours) if check.external_id else None


def batches(check: CheckRun) -> Iterator[dict[str, Any]]:
    """The ``output`` of each request that it takes, at least one."""
    placed = [note for note in check.annotations if note.place]
    for start in range(0, max(len(placed), 1), BATCH):
        output = {
            "title": _within(check.title, MAX_TITLE),
            "summary": _within(check.summary, MAX_TEXT),
            "annotations": [_annotation(note) for note in placed[start : start + BATCH]],
        }
        # never cut: half a record is none
        yield output | ({"text": check.text} if check.text else {})


def _annotation(note: Annotation) -> dict[str, Any]:
    assert note.place is not None
    annotation = {
        "path": note.place.file,
        "start_line": note.place.line,
        "end_line": note.place.line,
        "annotation_level": str(note.level),
        "message": _within(note.message, MAX_TEXT) or "See the title.",
    }
    if note.place.column > 1:
        annotation |= {"start_column": note.place.column, "end_column": note.place.column}
    if note.title:
        annotation["title"] = _within(note.title, MAX_TITLE)
    return annotation


def _within(text: str, limit: int) -> str:
    """Plain text and summaries fit by design; this only keeps GitHub from refusing the rest."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
