"""Git objects, references and branches."""

from __future__ import annotations

from bot.emulator.github.calls import REPO, Call, Json, Reply, route
from bot.emulator.github.errors import ApiError, not_found
from bot.emulator.github.history import reachable
from bot.emulator.github.objects import TREE, Entry, Objects
from bot.emulator.github.pull_requests import refresh
from bot.emulator.github.rest.revisions import resolve
from bot.emulator.github.views import repositories as view
from bot.emulator.github.views.accounts import node_id
from bot.emulator.github.views.commits import commit
from bot.emulator.github.world import Repository

TREE_LIMIT = 100_000
"""Entries of a recursive tree (REST: git trees)."""


def get_blob(call: Call) -> Reply:
    """A file's content, base64 with newlines, or raw where that is asked for."""
    sha = call.params["file_sha"]
    content = call.repository.objects.blobs.get(sha)
    if content is None:
        raise not_found()
    if "raw" in call.headers.get("accept", ""):
        return Reply(content)
    url = f"{view.api_url(call.world, call.repository)}/git/blobs/{sha}"
    text = view.wrapped_base64(content)
    return Reply({"sha": sha, "node_id": node_id("Blob", sha), "size": len(content), "url": url,
                  "content": text, "encoding": "base64"})  # fmt: skip


def get_commit(call: Call) -> Reply:
    """A commit object by its full SHA."""
    found = call.repository.objects.commits.get(call.params["commit_sha"])
    if found is None:
        raise not_found()
    return Reply(view.git_commit(call.world, call.repository, found))


def get_tree(call: Call) -> Reply:
    """A tree by its SHA or a revision; ``recursive`` with any value goes into directories."""
    objects, name = call.repository.objects, call.params["tree_sha"]
    sha = name if name in objects.trees else resolve(call.repository, name)
    if sha is None:
        raise not_found()
    tree = sha if sha in objects.trees else objects.commits[sha].tree
    entries = walked(objects, tree) if "recursive" in call.query else objects.trees[tree]
    shown = list(entries.items())[:TREE_LIMIT]
    return Reply({
        "sha": sha,
        "url": f"{view.api_url(call.world, call.repository)}/git/trees/{sha}",
        "tree": [view.tree_entry(call.world, call.repository, *item) for item in shown],
        "truncated": len(entries) > len(shown),
    })  # fmt: skip


def walked(objects: Objects, tree: str, prefix: str = "") -> dict[str, Entry]:
    """Every entry below a tree, directories before what they contain."""
    found: dict[str, Entry] = {}
    for name, entry in objects.trees[tree].items():
        found[prefix + name] = entry
        if entry.mode == TREE:
            found |= walked(objects, entry.sha, f"{prefix}{name}/")
    return found


def get_ref(call: Call) -> Reply:
    """One reference, by its name without ``refs/``."""
    name = f"refs/{call.params['ref']}"
    if name not in call.repository.refs:
        raise not_found()
    return Reply(view.ref(call.world, call.repository, name, call.repository.refs[name]))


def list_matching_refs(call: Call) -> Reply:
    """References whose name begins so."""
    start = f"refs/{call.params['ref']}"
    names = sorted(name for name in call.repository.refs if name.startswith(start))
    refs = call.repository.refs
    return call.page(names, lambda name: view.ref(call.world, call.repository, name, refs[name]))


def create_ref(call: Call) -> Reply:
    """A new branch or tag at a commit that exists."""
    body = call.fields(ref=str, sha=str)
    name, sha = body.get("ref", ""), body.get("sha", "")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise ApiError(422, "Reference name must start with 'refs/' and have two slashes")
    if name in call.repository.refs:
        raise ApiError(422, "Reference already exists")
    return Reply(moved(call, name, sha), 201)


def update_ref(call: Call) -> Reply:
    """Move a reference forward, or anywhere with ``force``."""
    body = call.fields(sha=str, force=bool)
    name = f"refs/{call.params['ref']}"
    old, new = call.repository.refs.get(name), body.get("sha", "")
    objects = call.repository.objects
    if old is None:
        raise ApiError(422, "Reference does not exist")
    forward = new in objects.commits and old in reachable(objects, new)
    if not body.get("force") and new in objects.commits and not forward:
        raise ApiError(422, "Update is not a fast forward")
    return Reply(moved(call, name, new))


def moved(call: Call, name: str, sha: str) -> Json:
    """Put a reference at a commit."""
    if sha not in call.repository.objects.commits:
        raise ApiError(422, "Object does not exist")
    call.repository.refs[name] = sha
    call.repository.pushed_at = call.world.now()
    for repository in call.world.network(call.repository):
        refresh(call.world, repository)
    return view.ref(call.world, call.repository, name, sha)


def delete_ref(call: Call) -> Reply:
    """Delete a branch or tag."""
    if call.repository.refs.pop(f"refs/{call.params['ref']}", None) is None:
        raise ApiError(422, "Reference does not exist")
    return Reply(status=204)


def protection(repository: Repository, name: str) -> Json:
    """Whether a branch is protected, in short."""
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    held = name in repository.protected
    return {"enabled": held, "required_status_checks": checks}


def list_branches(call: Call) -> Reply:
    """Branches by name."""
    repository = call.repository
    api = view.api_url(call.world, repository)
    wanted = call.query.get("protected")
    names = [name for name in repository.branches
             if wanted is None or (name in repository.protected) == (wanted == "true")]  # fmt: skip

    def short(name: str) -> Json:
        sha = repository.branches[name]
        return {
            "name": name,
            "commit": {"sha": sha, "url": f"{api}/commits/{sha}"},
            "protected": name in repository.protected,
        }

    return call.page(names, short)


def get_branch(call: Call) -> Reply:
    """One branch with its newest commit."""
    repository, name = call.repository, call.params["branch"]
    sha = repository.branches.get(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    api = f"{view.api_url(call.world, repository)}/branches/{name}"
    page = f"{view.html_url(call.world, repository)}/tree/{name}"
    return Reply({
        "name": name,
        "commit": commit(call.world, repository, repository.objects.commits[sha]),
        "_links": {"self": api, "html": page},
        "protected": name in repository.protected,
        "protection": protection(repository, name),
        "protection_url": f"{api}/protection",
    })  # fmt: skip


READ, WRITE = "contents:read", "contents:write"
ROUTES = (
    route("GET", f"{REPO}/git/blobs/{{file_sha}}", get_blob, READ),
    route("GET", f"{REPO}/git/commits/{{commit_sha}}", get_commit, READ),
    route("GET", f"{REPO}/git/trees/{{tree_sha*}}", get_tree, READ),
    route("GET", f"{REPO}/git/ref/{{ref*}}", get_ref, READ),
    route("GET", f"{REPO}/git/matching-refs/{{ref*}}", list_matching_refs, READ),
    route("POST", f"{REPO}/git/refs", create_ref, WRITE),
    route("PATCH", f"{REPO}/git/refs/{{ref*}}", update_ref, WRITE),
    route("DELETE", f"{REPO}/git/refs/{{ref*}}", delete_ref, WRITE),
    route("GET", f"{REPO}/branches", list_branches, READ),
    route("GET", f"{REPO}/branches/{{branch*}}", get_branch, READ),
)
