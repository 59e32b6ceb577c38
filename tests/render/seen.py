"""What a reader (and GitHub's filters) would find in rendered Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

_OPTIONS = (
    Options.CMARK_OPT_UNSAFE
    | Options.CMARK_OPT_FOOTNOTES
    | Options.CMARK_OPT_GITHUB_PRE_LANG
    | Options.CMARK_OPT_HARDBREAKS
)
LINKED_BY_GITHUB = re.compile(
    r"@[A-Za-z0-9]"
    r"|#\d"
    r"|\bgh-\d"
    r"|\b[a-z]+-\d"
    r"|\bghsa-"
    r"|://|\bwww\."
    r"|\b[0-9a-f]{7,40}\b"
    r"|:[a-z0-9_+-]+:"
    r"|\$[^$]*\$",
    re.IGNORECASE,
)
_OPAQUE = frozenset({"code", "pre", "a"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "source"})


@dataclass
class Seen:
    """Tags, links and comments of a document, and its text outside of code and links."""

    tags: dict[str, int] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen, self.open = Seen(), list[str]()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.seen.tags[tag] = self.seen.tags.get(tag, 0) + 1
        self.seen.attributes.update(name for name, _ in attrs)
        self.seen.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.seen.unbalanced.append(tag)

    def handle_comment(self, data: str) -> None:
        self.seen.comments.append(data)

    def handle_decl(self, decl: str) -> None:
        self.seen.comments.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.seen.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.seen.comments.append(data)

    def handle_data(self, data: str) -> None:
        if not _OPAQUE.intersection(self.open):
            self.seen.prose.append(data)


def seen_in_html(html: str) -> Seen:
    """Parsed with Python's own parser."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    parser.seen.unbalanced += parser.open
    return parser.seen


def seen_in_markdown(markdown: str) -> Seen:
    """Parsed with cmark-gfm and its extensions, with raw HTML let through."""
    return seen_in_html(to_html(markdown))


def to_html(markdown: str) -> str:
    """As GitHub's own parser makes it, before GitHub's sanitiser."""
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, options=_OPTIONS))
