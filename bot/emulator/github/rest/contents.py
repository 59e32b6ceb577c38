"""Files and directories at a revision."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from bot.emulator.github.calls import REPO, Call, Json, Reply, route
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.objects import SYMLINK, TREE, Entry, Objects
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.views import repositories as view

INLINE_LIMIT = 1024 * 1024
"""Bytes; larger files have empty content and encoding ``none`` (REST: contents)."""
RAW_LIMIT = 100 * 1024 * 1024
DIRECTORY_LIMIT = 1000
LINK_HOPS = 5


def get_contents(call: Call) -> Reply:
    """A file, or a list of a directory's entries; a link inside the repository is followed."""
    repository, path = call.repository, call.params.get("path", "").strip("/")
    ref = call.query.get("ref") or repository.default_branch
    sha = resolve(repository, ref)
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {ref}")
    objects = repository.objects
    entry = found_at(objects, objects.commits[sha].tree, path)
    if entry is None or ".." in path.split("/"):
        raise not_found()
    if entry.mode == TREE:
        items = list(objects.trees[entry.sha].items())[:DIRECTORY_LIMIT]
        return Reply([item(call, ref, posixpath.join(path, name), e) for name, e in items])
    target = followed(objects, objects.commits[sha].tree, path, entry)
    return file_reply(call, ref, path, entry, target)


def file_reply(call: Call, ref: str, path: str, entry: Entry, target: Entry | None) -> Reply:
    """A file, or a link or submodule that leads nowhere in the repository."""
    objects = call.repository.objects
    if target is None:
        body = item(call, ref, path, entry)
        if entry.mode == SYMLINK:
            body["target"] = objects.blobs[entry.sha].decode("utf-8", "replace")
        else:
            body["submodule_git_url"] = None
        return Reply(body)
    content = objects.blobs[target.sha]
    if "raw" in call.headers.get("accept", ""):
        return Reply(content)
    if len(content) > RAW_LIMIT:
        raise ApiError(403, "This API returns blobs up to 100 MB in size.")
    small = len(content) <= INLINE_LIMIT
    return Reply(item(call, ref, path, target) | {
        "content": view.wrapped_base64(content) if small else "",
        "encoding": "base64" if small else "none",
    })  # fmt: skip


def found_at(objects: Objects, tree: str, path: str) -> Entry | None:
    """The entry at a path below a tree; the tree itself for an empty path."""
    entry: Entry | None = Entry(TREE, tree)
    for name in filter(None, path.split("/")):
        if entry is None or entry.mode != TREE:
            return None
        entry = objects.trees[entry.sha].get(name)
    return entry


def followed(objects: Objects, tree: str, path: str, entry: Entry | None) -> Entry | None:
    """The file that an entry is or, as a link, leads to; None if it leads to none here."""
    for _ in range(LINK_HOPS):
        if entry is None or entry.mode != SYMLINK:
            return entry if entry and entry.type == "blob" else None
        target = objects.blobs[entry.sha].decode("utf-8", "replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if path.startswith(("/", "..")):
            return None
        entry = found_at(objects, tree, path)
    return None


def item(call: Call, ref: str, path: str, entry: Entry) -> Json:
    """What files and directory entries have in common."""
    repository = call.repository
    kind = {TREE: "dir", SYMLINK: "symlink"}.get(entry.mode) or (
        "file" if entry.type == "blob" else "submodule"
    )
    api, html = view.api_url(call.world, repository), view.html_url(call.world, repository)
    url = f"{api}/contents/{quote(path)}?ref={quote(ref, safe='')}"
    page = f"{html}/{'tree' if kind == 'dir' else 'blob'}/{quote(ref)}/{quote(path)}"
    git_url = f"{api}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
    raw = f"{html}/raw/{quote(ref)}/{quote(path)}" if kind in ("file", "symlink") else None
    return {
        "name": posixpath.basename(path),
        "path": path,
        "sha": entry.sha,
        "size": len(repository.objects.content(entry)) if kind != "dir" else 0,
        "url": url,
        "html_url": page,
        "git_url": git_url,
        "download_url": raw,
        "type": kind,
        "_links": {"self": url, "git": git_url, "html": page},
    }


ROUTES = (
    route("GET", f"{REPO}/contents", get_contents, "contents:read"),
    route("GET", f"{REPO}/contents/{{path*}}", get_contents, "contents:read"),
)
