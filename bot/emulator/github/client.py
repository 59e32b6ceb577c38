"""Running the emulator, and a handle that seeds it and reads what happened.

with running() as gh:
    gh.create_repository("acme/network", {"meshes/prod.yaml": "…"})
    ...
    assert gh.state()["repositories"]["acme/network"]["comments"] == []
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.emulator.github.calls import Json
from bot.emulator.github.emulator import Emulator
from bot.emulator.github.seeds import FileSpec
from bot.emulator.github.server import serving

STOP_SECONDS = 10


class EmulatorRefused(Exception):
    """The control endpoint could not do what it was asked; the message is its own."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a workflow job is given. ``environment`` has everything but the names of files."""

    run_id: int
    event: str
    payload: Json
    sha: str
    token: str
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class GitHub:
    """A running emulator. ``url`` is what ``GITHUB_API_URL`` is to be."""

    url: str

    def call(self, verb: str, **arguments: Any) -> Any:
        """Any verb of ``seeds.Seeds``. Raises EmulatorRefused."""
        return self._control("POST", f"call/{verb}", arguments)

    def create_repository(
        self, name: str, files: Mapping[str, FileSpec] | None = None, **settings: Any
    ) -> str:
        """A repository ``owner/name`` with one commit, whose SHA is returned.

        Settings: private (True), default_branch, roles {login: role}, author, message.
        """
        made = self.call("create_repository", name=name, files=dict(files or {}), **settings)
        return str(made["sha"])

    def fork(self, name: str, owner: str) -> str:
        """Somebody's fork; its ``owner/name``."""
        return str(self.call("fork", name=name, owner=owner)["name"])

    def push(self, name: str, branch: str, files: Mapping[str, FileSpec], **settings: Any) -> str:
        """Commit changed files (None: deleted) to a branch, made if new; the commit's SHA.

        Settings: message, author, base (where a new branch starts; resets an existing one).
        """
        return str(self.call("push", name=name, branch=branch, files=dict(files), **settings))

    def open_pull(self, name: str, head: str, **settings: Any) -> int:
        """Open a pull request; its number. Settings: base, title, body, author, draft."""
        return int(self.call("open_pull", name=name, head=head, **settings))

    def merge(self, name: str, number: int, method: str = "merge", by: str = "") -> str:
        """Merge by ``merge``, ``squash`` or ``rebase``; the new tip of the base branch."""
        return str(self.call("merge", name=name, number=number, method=method, by=by))

    def review(self, name: str, number: int, author: str, **settings: Any) -> int:
        """A review; its id. Settings: state (APPROVED), body, commit."""
        return int(self.call("review", name=name, number=number, author=author, **settings))

    def comment(self, name: str, number: int, author: str, body: str) -> int:
        """Somebody's comment; its id."""
        return int(self.call("comment", name=name, number=number, author=author, body=body))

    def token(self, login: str) -> str:
        """A user's token."""
        return str(self.call("token", login=login))

    def event(self, name: str, event: str, **wanted: Any) -> Json:
        """A webhook payload; what may be wanted: the parameters of ``events``' functions."""
        payload: Json = self.call("event", name=name, event=event, **wanted)
        return payload

    def start_run(
        self,
        name: str,
        event: str,
        wanted: Mapping[str, Any] | None = None,
        permissions: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> Job:
        """Start a workflow run on an event, with a job of these permissions.

        ``wanted`` as for ``event``; ``permissions`` as in a workflow (default: contents: read).
        Settings: workflow, environment (the job's), immutable_subject.
        """
        return Job(**self.call(
            "start_run", name=name, event=event, wanted=dict(wanted or {}),
            permissions=None if permissions is None else dict(permissions), **settings,
        ))  # fmt: skip

    def rerun(self, name: str, run: int, permissions: Mapping[str, str] | None = None) -> Job:
        """Another attempt of a run, on the very same event."""
        granted = None if permissions is None else dict(permissions)
        return Job(**self.call("rerun", name=name, run=run, permissions=granted))

    def upload_artifact(
        self, name: str, run: int, artifact: str, files: Mapping[str, bytes]
    ) -> int:
        """Upload an artifact of a run; its id."""
        encoded = {path: base64.b64encode(content).decode() for path, content in files.items()}
        wanted = {"name": name, "run": run, "artifact": artifact, "files": encoded}
        return int(self.call("upload_artifact", **wanted))

    def files(self, name: str, ref: str) -> dict[str, bytes]:
        """Every file of a revision: what a checkout has."""
        found = self.call("files", name=name, ref=ref)
        return {path: base64.b64decode(content) for path, content in found.items()}

    def fault(self, kind: str, **rule: Any) -> None:
        """Put a fault in force; see ``faults``."""
        self._control("POST", "faults", {"kind": kind, **rule})

    def clear_faults(self) -> None:
        """No more faults."""
        self._control("DELETE", "faults")

    def state(self, name: str = "") -> Json:
        """What is in one repository, or in all of them."""
        found: Json = self._control("GET", "state")["repositories"]
        return found[name] if name else found

    def exchanges(self) -> list[Json]:
        """Every call so far with its reply, oldest first."""
        found: list[Json] = self._control("GET", "exchanges")
        return found

    def forget_exchanges(self) -> None:
        """Start the record anew."""
        self._control("DELETE", "exchanges")

    def reset(self) -> None:
        """Forget everything."""
        self._control("POST", "reset")

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.url}/_emulator/{path}"
        # The address is our own server's, on the loopback interface.
        request = urllib.request.Request(url, data, method=method)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request) as reply:
                return json.load(reply)["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise EmulatorRefused(f"{path}: {error.read().decode()}") from None


@contextmanager
def running(port: int = 0, record: bool = True, process: bool = False) -> Iterator[GitHub]:
    """An emulator for the time of the block, in threads or as a ``process`` of its own."""
    if process:
        with running_process(port, record) as github:
            yield github
    else:
        with serving(Emulator(record=record), port) as emulator:
            yield GitHub(emulator.world.url)


@contextmanager
def running_process(port: int, record: bool) -> Iterator[GitHub]:
    """``python -m bot.emulator.github`` for the time of the block."""
    command = [sys.executable, "-m", "bot.emulator.github", "--port", str(port)]
    command += ["--record"] if record else []
    # Whatever folder and interpreter start it, it runs this very code.
    root = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), root]))
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise EmulatorRefused("the emulator did not start; its reason is on stderr")
            yield GitHub(url)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
