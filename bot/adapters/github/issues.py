"""Issues of our own: found by author and first line, open or closed, never doubled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.adapters.github.comments import ATTEMPTS, LAG_PAUSES
from bot.adapters.github.session import Session, Uncertain
from bot.adapters.github.viewer import Viewer
from bot.errors import GitHubError, GitHubRefused

MAX_TITLE = 256
CLOSED = {"state": "closed", "state_reason": "completed"}
DOUBLED = {"state": "closed", "state_reason": "not_planned"}
OPENED = {"state": "open", "state_reason": "reopened"}


@dataclass(frozen=True, slots=True)
class _Issue:
    number: int
    url: str
    title: str
    body: str
    open: bool

    @property
    def first_line(self) -> str:
        """Where our marker stands."""
        return self.body.split("\n", 1)[0].rstrip("\r")


class Issues:
    """The issues of a repository, as far as they are ours."""

    def __init__(self, session: Session, viewer: Viewer) -> None:
        self._session, self._viewer = session.needing("issues: write"), viewer
        self._known: tuple[_Issue, ...] | None = None

    def put(self, marker: str, title: str, body: str, *, wanted: bool) -> str:
        """See the port. Of several the oldest stays, so that runs beside one another agree."""
        own = self._own(marker, fresh=False)
        if own:
            try:
                return self._settle(own, title, body, wanted)
            except GitHubRefused:
                if self._own(marker):
                    raise
                # somebody deleted it in this very moment: open a new one
        return self._create(marker, title, body) if wanted else ""

    def open_with(self, start: str) -> tuple[str, ...]:
        """See the port."""
        found = (i for i in self._all(fresh=True) if i.open and i.first_line.startswith(start))
        return tuple(sorted({issue.first_line for issue in found}))

    def _create(self, marker: str, title: str, body: str) -> str:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                made = self._post(title, body)
            except Uncertain:
                if own := self._appeared(marker):
                    return self._settle(own, title, body, wanted=True)
                if attempt == ATTEMPTS:
                    raise
            else:
                own = self._own(marker)
                more = len(own) > 1
                return self._settle(own, title, body, wanted=True) if more else made.url
        raise AssertionError("the last attempt answers or raises")

    def _post(self, title: str, body: str) -> _Issue:
        session = self._session
        return session.call(
            "open an issue",
            lambda: _read(session.repository.create_issue(_title(title), body)),
            repeatable=False,
        )

    def _appeared(self, marker: str) -> tuple[_Issue, ...]:
        for pause in LAG_PAUSES:
            self._session.sleep(pause)
            if own := self._own(marker):
                return own
        return ()

    def _own(self, marker: str, *, fresh: bool = True) -> tuple[_Issue, ...]:
        return tuple(issue for issue in self._all(fresh=fresh) if issue.first_line == marker)

    def _all(self, *, fresh: bool) -> tuple[_Issue, ...]:
        """Ours, oldest first, over all pages; pull requests, which are issues too, left out.

        The list is not narrowed to our login by GitHub: a filter that knew bots by another
        name would find nothing, and each run would open one more. It may be long, so it is
        asked for again only where something may have been written since.
        """
        if self._known is None or fresh:
            self._known = self._listed()
        return self._known

    def _listed(self) -> tuple[_Issue, ...]:
        viewer, session = self._viewer.login(), self._session

        def ours() -> tuple[_Issue, ...]:
            issues = session.repository.get_issues(state="all", sort="created", direction="asc")
            return tuple(
                _read(issue)
                for issue in issues
                if _author(issue) == viewer
                # its page says it without another request
                and "/pull/" not in issue.html_url
            )

        found = session.call("list the issues", ours)
        return tuple(sorted(found, key=lambda issue: issue.number))

    def _settle(self, own: tuple[_Issue, ...], title: str, body: str, wanted: bool) -> str:
        first, *doubles = own
        edit: dict[str, Any] = {}
        if title and first.title != _title(title):
            edit["title"] = _title(title)
        if first.body != body and (wanted or first.open):
            edit["body"] = body
        if first.open is not wanted:
            edit |= OPENED if wanted else CLOSED
        if edit and (wanted or first.open):
            self._edit(first.number, edit)
        for double in doubles:
            self._close_double(double)
        return first.url

    def _close_double(self, double: _Issue) -> None:
        if double.open:
            try:
                self._edit(double.number, DOUBLED)
            except GitHubError:
                return  # gone already, or the next run will find it again

    def _edit(self, number: int, edit: dict[str, Any]) -> None:
        repository = self._session.repository
        self._session.call(
            f"update issue #{number}", lambda: repository.get_issue(number).edit(**edit)
        )


def _read(issue: Any) -> _Issue:
    return _Issue(
        int(issue.number), str(issue.html_url), issue.title, issue.body or "", issue.state == "open"
    )


def _author(issue: Any) -> str:
    """The login; nothing for a user who is gone (``user: null``)."""
    return issue.user.login if issue.user else ""


def _title(title: str) -> str:
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"
