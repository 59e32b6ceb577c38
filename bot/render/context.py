"""What a renderer is told besides the plan: where it runs, where things can be found."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from bot.model.diagnostic import SourceLine
from bot.render import escape

_MARKER = re.compile(r"<!-- [\w:./=~ -]{1,200} -->", re.ASCII)
_WEB = re.compile(r"https?://[^/\s]+(?:/[^\s]*)?")
_URL_SAFE = frozenset(":/?#@!$&'*+,;=%-._~")
_PATH_SAFE = frozenset("/-._~")

KEY_LIMIT = 120
"""Longer keys of a comment are told apart by their hash."""

DRIFT_KEY_LIMIT = 66
"""Likewise where a marker has two of them."""

URL_LIMIT = 1000
"""Longer URLs are not linked."""


@dataclass(frozen=True, slots=True)
class Link:
    """Something to read elsewhere: an artifact, the report, the run."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where a plan was made and what can be linked. Everything is optional.

    ``marker`` is the comment's hidden first line (see ``marker_of``). ``repository_url`` is
    the page of the repository (``https://github.com/owner/name``), without a slash at the
    end. ``head_sha`` and ``base_sha`` are full commit ids; ``base`` says in words what the
    plan was compared with ("main"). ``links`` are artifacts. ``applies_on_merge``: None
    outside a pull request, else whether merging applies the plan. Raises ValueError for a
    marker that is not one line of comment.
    """

    marker: str = ""
    repository_url: str = ""
    head_sha: str = ""
    base_sha: str = ""
    base: str = ""
    run_url: str = ""
    links: tuple[Link, ...] = ()
    applies_on_merge: bool | None = None

    def __post_init__(self) -> None:
        if self.marker and not (_MARKER.fullmatch(self.marker) and "--" not in self.marker[4:-3]):
            raise ValueError(f"not a marker: {self.marker!r}")

    def line_url(self, line: SourceLine, *, in_base: bool = False) -> str:
        """The page that shows a line of a file at the head (or base) commit, or nothing."""
        sha = self.base_sha if in_base else self.head_sha
        steps = line.file.split("/")
        if not (self.repository_url and sha) or {"", ".", ".."} & set(steps):
            return ""
        if len(line.file) > URL_LIMIT // 3:
            return ""
        path = _percent(line.file, _PATH_SAFE)
        return f"{self.repository_url}/blob/{_percent(sha, _PATH_SAFE)}/{path}#L{line.line}"


def marker_of(key: str) -> str:
    """The marker line by which a comment is found again; keys that differ, differ in it."""
    return f"<!-- meshbot:v1 key={_key(key, KEY_LIMIT)} -->"


def drift_marker(key: str, environment: str) -> str:
    """The marker line of the issue that tells of an environment's drift."""
    return f"{drift_start(key)}{_key(environment, DRIFT_KEY_LIMIT)} -->"


def drift_start(key: str) -> str:
    """What every ``drift_marker`` of the key starts with."""
    return f"<!-- meshbot:drift:v1 key={_key(key, DRIFT_KEY_LIMIT)} environment="


def _key(key: str, limit: int) -> str:
    safe = _percent(key, frozenset("._/")).replace("%", "~").replace("-", "~2D")
    if len(safe) > limit:
        return f"~~{hashlib.sha256(safe.encode()).hexdigest()}"
    return safe


def markdown_link(label: str, url: str) -> str:
    """A link whose label is Markdown already; the label alone when the URL is no web page."""
    return f"[{label}]({web_url(url)})" if web_url(url) else label


def markdown_line(context: Context, line: SourceLine, *, in_base: bool = False) -> str:
    """A place in a mesh file, linked when the context knows where its page is."""
    place = escape.code(f"{line.file}:{line.line}")
    return markdown_link(place, context.line_url(line, in_base=in_base))


def web_url(url: str) -> str:
    """An http(s) URL with everything percent-encoded that could end it; else nothing."""
    return _percent(url, _URL_SAFE) if len(url) <= URL_LIMIT and _WEB.fullmatch(url) else ""


def _percent(text: str, safe: frozenset[str]) -> str:
    return "".join(
        c
        if (c.isascii() and c.isalnum()) or c in safe
        else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
        for c in text
    )
