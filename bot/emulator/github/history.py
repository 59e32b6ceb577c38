"""Questions about history: ancestors, logs, merge bases, and merges of three revisions."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from bot.emulator.github.objects import FILE, Entry, Files, Objects


class Conflict(Exception):
    """Both sides changed the same lines; the path is the argument."""


def log(objects: Objects, tip: str, stop: frozenset[str] = frozenset()) -> Iterator[str]:
    """SHAs reachable from ``tip``, newest first, children before parents, without ``stop``'s."""
    hidden = {sha for start in stop for sha in reachable(objects, start)}
    shas = reachable(objects, tip) - hidden
    waiting_children = dict.fromkeys(shas, 0)
    for sha in shas:
        for parent in objects.commits[sha].parents:
            if parent in waiting_children:
                waiting_children[parent] += 1
    ready = [sha for sha, count in waiting_children.items() if not count]
    while ready:
        ready.sort(key=lambda sha: (objects.commits[sha].committer.date, sha))
        sha = ready.pop()
        yield sha
        for parent in objects.commits[sha].parents:
            if parent in waiting_children:
                waiting_children[parent] -= 1
                if not waiting_children[parent]:
                    ready.append(parent)


def reachable(objects: Objects, tip: str) -> set[str]:
    """``tip`` and all its ancestors."""
    found: set[str] = set()
    waiting = [tip]
    while waiting:
        sha = waiting.pop()
        if sha not in found:
            found.add(sha)
            waiting.extend(objects.commits[sha].parents)
    return found


def merge_base(objects: Objects, ours: str, theirs: str) -> str | None:
    """The newest common ancestor; None for unrelated histories."""
    common = reachable(objects, theirs)
    return next((sha for sha in log(objects, ours) if sha in common), None)


def touching(objects: Objects, shas: Iterator[str], path: str) -> Iterator[str]:
    """Those of ``shas`` that change a file at or below ``path`` against every parent.

    A merge that has the path as one of its parents has it is left out (git-log: history
    simplification).
    """
    for sha in shas:
        parents = objects.commits[sha].parents
        now = below(objects.files_at(sha), path)
        before = [below(objects.files_at(parent), path) for parent in parents] or [{}]
        if now not in before:
            yield sha


def below(files: Files, path: str) -> dict[str, Entry]:
    """The files at or below a path."""
    root = path.strip("/")
    return {p: e for p, e in files.items() if not root or p == root or p.startswith(root + "/")}


def merged(objects: Objects, base: Files, ours: Files, theirs: Files) -> dict[str, Entry]:
    """Both sides' changes since ``base``. Raises Conflict."""
    result: dict[str, Entry] = {}
    for path in sorted({*base, *ours, *theirs}):
        entry = merged_entry(objects, path, base.get(path), ours.get(path), theirs.get(path))
        if entry:
            result[path] = entry
    return result


def merged_entry(
    objects: Objects, path: str, base: Entry | None, ours: Entry | None, theirs: Entry | None
) -> Entry | None:
    """One path's merge; None where it ends up deleted. Raises Conflict."""
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    if not (base and ours and theirs and {base.mode, ours.mode, theirs.mode} == {FILE}):
        raise Conflict(path)
    lines = [objects.content(e).splitlines(keepends=True) for e in (base, ours, theirs)]
    return Entry(FILE, objects.add_blob(b"".join(merged_lines(path, *lines))))


def merged_lines(
    path: str, base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]
) -> list[bytes]:
    """A line-by-line merge. Raises Conflict where changes overlap or touch."""
    changes = sorted({*edits(base, ours), *edits(base, theirs)})
    result: list[bytes] = []
    done = -1
    for start, end, lines in changes:
        if start <= done:
            raise Conflict(path)
        result += [*base[max(done, 0) : start], *lines]
        done = end
    return [*result, *base[max(done, 0) :]]


def edits(
    before: Sequence[bytes], after: Sequence[bytes]
) -> list[tuple[int, int, tuple[bytes, ...]]]:
    """Replaced line ranges of ``before`` and what replaces them."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        (a, b, tuple(after[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"
    ]
