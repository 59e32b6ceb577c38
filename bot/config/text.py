"""The bytes of a mesh file to text that shows a reviewer what is read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.config.fault import Faults
from bot.model.diagnostic import SourceLine

MAX_SIZE = 1 << 20
"""Bytes a mesh file may have: room for several thousand members."""

MAX_FAULTS = 20
"""Unusable characters told of per file; a binary file has a great many."""

# What PyYAML refuses, and line breaks that YAML counts and editors do not.
UNUSABLE = re.compile(
    "[^\t\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UNUSABLE_RAW = re.compile(rf"(?!\r\n){UNUSABLE.pattern}")
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def decoded(file: str, raw: str | bytes, faults: Faults) -> str | None:
    """The text of a file, or None when it cannot be read (``faults`` say why)."""
    start = SourceLine(file, 1)
    if len(raw) > MAX_SIZE:
        summary = f"the file is larger than {MAX_SIZE >> 20} MiB"
        faults.error(
            "too-large", summary, "Split it: environments may live in several files.", start
        )
        return None
    if isinstance(raw, bytes) and raw.startswith(_OTHER_ENCODINGS):
        faults.error("encoding", "the file is not in UTF-8 but in UTF-16 or UTF-32", _SAVE, start)
        return None
    # surrogateescape keeps bytes that are no UTF-8 as characters, so that each has a place
    text = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
    text = text.removeprefix("\ufeff")
    usable = True
    for place, found in _places(file, text, _UNUSABLE_RAW, MAX_FAULTS):
        faults.error(*_unusable(found), place)
        usable = False
    for place, found in _places(file, text, _REORDERING, MAX_FAULTS):
        summary = f"a bidirectional control character (U+{ord(found):04X})"
        detail = "What a reviewer sees may not be what is read: remove it."
        faults.warning("bidirectional-control", summary, detail, place, environments=())
    return text if usable else None


_SAVE = "Save it as UTF-8."


def _unusable(character: str) -> tuple[str, str, str]:
    """Code, summary and detail for a character that a mesh file may not hold."""
    point = ord(character)
    match character:
        case "\r":
            detail = "Save the file with line feeds, as Git has it."
            return "line-break", "a carriage return that ends no line", detail
        case "\x85" | "\u2028" | "\u2029":
            detail = "YAML takes it for the end of a line and editors do not: remove it."
            return "line-break", f"an unusual line break (U+{point:04X})", detail
        case "\ufeff":
            return "control-character", "a byte order mark inside the text", "Remove it."
        case _:
            pass
    if 0xDC80 <= point <= 0xDCFF:
        return "encoding", f"byte 0x{point - 0xDC00:02x} is not UTF-8 here", _SAVE
    return "control-character", f"a control character (U+{point:04X})", "Remove it."


def _places(
    file: str, text: str, pattern: re.Pattern[str], most: int
) -> Iterator[tuple[SourceLine, str]]:
    """Where the first matches of a pattern stand, line and column from 1."""
    line, line_start = 1, 0
    for _, match in zip(range(most), pattern.finditer(text), strict=False):
        line += text.count("\n", line_start, match.start())
        line_start = text.rfind("\n", 0, match.start()) + 1
        yield SourceLine(file, line, match.start() - line_start + 1), match[0]
