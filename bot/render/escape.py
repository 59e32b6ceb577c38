"""Hostile text made harmless, one function for each place it can stand in.

Everything from YAML, AWS and GitHub passes through here. The rule for Markdown: a word is
written plainly only when it is made of harmless characters and can be mistaken for no
mention, reference, link, emoji or formula; any other word becomes a code span, which
neither Markdown nor GitHub's filters look into. So the text stays exact and can be copied.
"""

from __future__ import annotations

import html as html_library
import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

TEXT_LIMIT = 600
"""Longest prose, in characters; what is cut is counted visibly."""

CODE_LIMIT = 160
"""Longest identifier, in characters."""

WORD_LIMIT = 60
"""A longer word is code: no word of prose is, and the patterns below would take long."""

LABEL_LIMIT = 48
"""Longest label in a picture, in characters."""

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and other strings
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one byte
)
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_WORD = re.compile(r"`([^`]+)`|\S+")
_PARTS = re.compile(r"(?P<lead>[(\"']*)(?P<core>.*?)(?P<tail>[),.;:?\"']*)")
_PLAIN = re.compile(r"[\w'’,.;:/%=+()?\"–—…→↔-]*")  # noqa: RUF001  typographic marks are meant
_RISKY = re.compile(
    r"_"  # emphasis; and an identifier looks better as code
    r"|://|//"
    r"|[^\W_]{2,}\.\w|\w\.\w{2,}"  # host names, files, CIDR blocks
    r"|[0-9a-fA-F]{7,}"  # may be a commit
    r"|[A-Za-z]\w*-\d|GHSA-"  # GH-123, CVE-2024-1, JIRA-5
    r"|:[\w+-]",  # emoji shortcodes
    re.IGNORECASE,
)
_LINE_START = re.compile(r"[-+=]|\d+[.)]")


def visible(value: object, limit: int = TEXT_LIMIT) -> str:
    """One line of what can be seen: white space is one blank, ANSI sequences are gone.

    Control, bidirectional, zero-width and other invisible characters become ``⟨U+202E⟩``.
    Longer than ``limit`` characters (of letters outside ASCII fewer) is cut, saying how many
    are missing.
    """
    raw = str(value)
    plain = raw.isascii() or not _INVISIBLE.intersection(raw)
    if plain and "  " not in raw and raw.isprintable():
        line = raw.strip()
    else:
        line = " ".join("".join(map(_shown, _ANSI.sub("", raw))).split())
    room = limit if line.isascii() else _room(line, limit)
    if len(line) <= room:
        return line
    return f"{line[:room].rstrip()}… ({len(line) - room:,} more characters)"


def _room(line: str, limit: int) -> int:
    """How many characters may stand, so that they measure three bytes each on average.

    In a JSON string in ASCII, which is what an API client sends, others take six or twelve.
    """
    if 4 * len(line) <= limit:  # twelve bytes each would fit
        return limit
    bytes_left = 3 * limit
    for index, character in enumerate(line[:limit]):
        code = ord(character)
        bytes_left -= 1 if code < 0x80 else 6 if code < 0x10000 else 12
        if bytes_left < 0:
            return index
    return limit


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if character in _INVISIBLE or unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return f"⟨U+{ord(character):04X}⟩"
    return character


def text(value: object, limit: int = TEXT_LIMIT) -> str:
    """Markdown prose on one line; also safe in a table's cell.

    Our own messages may mark code with single backticks, which is kept.
    """
    words = (
        _code(match[1]) if match[1] is not None else _word(match[0])
        for match in _WORD.finditer(visible(value, limit))
    )
    line = " ".join(word for word in words if word)
    return (
        _LINE_START.sub(lambda match: _entities(match[0]), line, count=1)
        if (_LINE_START.match(line))
        else line
    )


def _word(word: str) -> str:
    if not any(map(str.isalnum, word)) and not set(word) & set("@#$`"):
        return _entities(word)
    match = _PARTS.fullmatch(word)
    lead, core, tail = match.group("lead", "core", "tail") if match else ("", word, "")
    if not core or (len(core) <= WORD_LIMIT and _PLAIN.fullmatch(core) and not _RISKY.search(core)):
        return word
    return f"{lead}{_code(core)}{tail}"


def code(value: object, limit: int = CODE_LIMIT) -> str:
    """A Markdown code span; also safe in a table's cell."""
    return _code(visible(value, limit))


def _code(content: str) -> str:
    """A code span of one line. A pipe stands outside of it: in a table it would end the cell."""
    return "&#124;".join(_span(part) for part in content.split("|"))


def _span(content: str) -> str:
    if not content.strip():
        return "" if not content else " "
    ticks = "`" * (_longest_run(content) + 1)
    pad = " " if "`" in (content[0], content[-1]) else ""
    return f"{ticks}{pad}{content}{pad}{ticks}"


def _longest_run(content: str) -> int:
    return max((len(run) for run in re.findall(r"`+", content)), default=0)


def _entities(word: str) -> str:
    return "".join(c if c.isalnum() or not c.isascii() else f"&#{ord(c)};" for c in word)


def fence(lines: list[str], language: str = "") -> str:
    """A fenced code block around lines, each of which must be ``visible`` already."""
    ticks = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join([f"{ticks}{language}", *lines, ticks])


def html(value: object, limit: int = TEXT_LIMIT) -> str:
    """HTML text, and the inside of a quoted attribute."""
    return html_library.escape(visible(value, limit), quote=True)


def html_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """HTML prose: like ``html``, with `` `code` `` of our messages marked as code.

    Of Markdown only code spans are understood: no links, images, emphasis or HTML.
    """
    return str(_code_spans().renderInline(visible(value, limit)))


@cache
def _code_spans() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable("backticks")


def mermaid(value: object, limit: int = LABEL_LIMIT) -> str:
    """The inside of a quoted Mermaid label: all but letters, digits and ``./-`` as codes."""
    return "".join(
        c if c.isalnum() or c in " ./-" else f"#{ord(c)};" for c in visible(value, limit)
    )


def terminal(value: object, limit: int = TEXT_LIMIT) -> str:
    """Text for a terminal. It is printed with rich's markup, emoji and highlighting off."""
    return visible(value, limit)
