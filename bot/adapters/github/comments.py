"""Our one comment on a pull request: found by its author and first line, never doubled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.adapters.github.session import Session, Uncertain
from bot.adapters.github.viewer import Viewer
from bot.errors import GitHubError, GitHubRefused

LAG_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between looks for a comment that may have been written: GitHub's lists lag."""
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Comment:
    id: int
    url: str
    body: str


class Comments:
    """The comments of a repository's pull requests, as far as they are ours."""

    def __init__(self, session: Session, viewer: Viewer) -> None:
        self._session, self._viewer = session.needing("pull-requests: write"), viewer

    def put(self, number: int, marker: str, body: str, *, create: bool) -> str:
        """Leaves exactly one comment of ours with this first line; answers its URL.

        Of several, the oldest stays, so that runs beside one another agree on it.
        """
        own = self._own(number, marker)
        if own:
            try:
                return self._keep_first(number, own, body)
            except GitHubRefused:
                if self._own(number, marker):
                    raise
                # somebody deleted it in this very moment: post a new one
        return self._create(number, marker, body) if create else ""

    def body(self, number: int, marker: str) -> str:
        """What our comment with this first line says, or nothing when there is none."""
        own = self._own(number, marker)
        return own[0].body if own else ""

    def _create(self, number: int, marker: str, body: str) -> str:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                made = self._post(number, body)
            except Uncertain:
                if own := self._appeared(number, marker):
                    return self._keep_first(number, own, body)
                if attempt == ATTEMPTS:
                    raise
            else:
                own = self._own(number, marker)
                return self._keep_first(number, own, body) if len(own) > 1 else made.url
        raise AssertionError("the last attempt answers or raises")

    def _post(self, number: int, body: str) -> _Comment:
        session = self._session
        return session.call(
            f"write a comment on pull request #{number}",
            lambda: _read(session.repository.get_issue(number).create_comment(body)),
            repeatable=False,
        )

    def _appeared(self, number: int, marker: str) -> tuple[_Comment, ...]:
        for pause in LAG_PAUSES:
            self._session.sleep(pause)
            if own := self._own(number, marker):
                return own
        return ()

    def _own(self, number: int, marker: str) -> tuple[_Comment, ...]:
        """Ours, oldest first, over all pages. The author check keeps copied markers out."""
        viewer, session = self._viewer.login(), self._session

        def ours() -> tuple[_Comment, ...]:
            comments = session.repository.get_issue(number).get_comments()
            return tuple(
                _read(comment)
                for comment in comments
                if _author(comment) == viewer
                # a list holds everything that is read here: nothing more is asked
                and _first_line(comment.body) == marker
            )

        found = session.call(f"list the comments of pull request #{number}", ours)
        return tuple(sorted(found, key=lambda comment: comment.id))

    def _keep_first(self, number: int, own: tuple[_Comment, ...], body: str) -> str:
        first, *doubles = own
        session, issue = self._session, self._session.repository.get_issue(number)
        if first.body != body:
            session.call(
                f"update the comment on pull request #{number}",
                lambda: issue.get_comment(first.id).edit(body),
            )
        for double in doubles:
            self._delete(number, double)
        return first.url

    def _delete(self, number: int, double: _Comment) -> None:
        issue = self._session.repository.get_issue(number)
        try:
            self._session.call(
                "delete a doubled comment", lambda: issue.get_comment(double.id).delete()
            )
        except GitHubError:
            return  # gone already, or the next run will find it again


def _read(comment: Any) -> _Comment:
    return _Comment(int(comment.id), str(comment.html_url), comment.body or "")


def _author(comment: Any) -> str:
    """The login; nothing for a user who is gone (``user: null``)."""
    return comment.user.login if comment.user else ""


def _first_line(body: str | None) -> str:
    return (body or "").split("\n", 1)[0].rstrip("\r")
