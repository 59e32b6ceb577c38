"""Changed files between two revisions, with patches as GitHub shows them (no file headers)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from bot.emulator.github.objects import Entry, Files, Objects

RENAME_SIMILARITY = 0.5
"""Git's default: at least half of the content is the same."""
PATCH_LIMIT = 20_000
"""Lines; GitHub leaves the patch of a larger file out (REST: diff limits)."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed file; ``patch`` is None for binary, huge, or unchanged content."""

    path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None
    previous_path: str | None = None


def changed_files(objects: Objects, before: Files, after: Files) -> list[FileChange]:
    """Changes in path order."""
    removed = {path for path in before if path not in after}
    added = [path for path in after if path not in before]
    renames: dict[str, str] = {}
    for path in sorted(added):
        if source := rename_source(objects, before, removed, after[path]):
            renames[path] = source
            removed.discard(source)
    found = [
        change(objects, path, before.get(renames.get(path, path)), after[path], renames.get(path))
        for path in after
        if path in renames or before.get(path) != after[path]
    ]
    found += [change(objects, path, before[path], None, None) for path in removed]
    return sorted(found, key=lambda c: c.path)


def rename_source(objects: Objects, before: Files, removed: set[str], entry: Entry) -> str | None:
    """The removed path whose content is most like this added file's, if alike enough."""
    best, source = RENAME_SIMILARITY, None
    new = text_lines(objects.content(entry)) or []
    for path in sorted(removed):
        old = text_lines(objects.content(before[path])) or []
        same = before[path].sha == entry.sha
        ratio = 1.0 if same else difflib.SequenceMatcher(None, old, new, autojunk=False).ratio()
        if (old or same) and ratio > best:
            best, source = ratio, path
    return source


def change(
    objects: Objects, path: str, old: Entry | None, new: Entry | None, previous: str | None
) -> FileChange:
    """The change of one file; one of ``old`` and ``new`` exists."""
    status = "renamed" if previous else "modified" if old and new else "added" if new else "removed"
    survivor = new or old
    assert survivor is not None, path
    before, after = text_lines(objects.content(old)), text_lines(objects.content(new))
    hunks: list[str] = []
    if before is not None and after is not None:
        hunks = list(difflib.unified_diff(before, after, n=3, lineterm="\n"))[2:]
    return FileChange(
        path, status, survivor.sha,
        additions=sum(line.startswith("+") for line in hunks),
        deletions=sum(line.startswith("-") for line in hunks),
        patch=patch_text(hunks) if hunks and len(hunks) <= PATCH_LIMIT else None,
        previous_path=previous,
    )  # fmt: skip


def patch_text(hunks: list[str]) -> str:
    """The hunks as one text; a last line without newline is followed by git's remark."""
    lines = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks
    ]
    return "".join(lines).removesuffix("\n")


def text_lines(content: bytes) -> list[str] | None:
    """Lines with their newlines, split at newlines only; None for binary content."""
    if b"\0" in content[:8000]:
        return None
    return split_lines(content.decode("utf-8", "replace"))


def split_lines(text: str) -> list[str]:
    """Like git, and unlike str.splitlines, only a newline ends a line."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
