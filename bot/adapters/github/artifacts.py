"""Artifacts of workflow runs: found by run and name, fetched with a limit, never unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.github.archive import ArchiveFault, only_file
from bot.adapters.github.session import TIMEOUT, Session
from bot.errors import GitHubRefused
from bot.model.shard import MOST_SHARDS

MAX_ARCHIVE = 64 * 1024 * 1024
"""Bytes; the largest plan and its report, packed, take about a tenth of it."""
MAX_PLAN = 384 * 1024 * 1024
"""Bytes; no larger plan file is read either."""
MOST = 5
"""Artifacts of one name in one run that are opened: one for each attempt."""
CHUNK = 1 << 16
FILE = "plan.json"
SHARD_FILE = "shard.json"
MAX_SHARDS_SIZE = 2 * MAX_PLAN
"""Bytes of all shards' files together."""


class Artifacts:
    """The artifacts of a repository's runs."""

    def __init__(self, session: Session) -> None:
        self._session = session.needing("actions: read")

    def plan_files(self, run_id: str, name: str) -> Iterator[bytes]:
        """plan.json of each artifact of this name that a run left, newest first.

        Raises GitHubRefused when one has expired, is gone or cannot be read as ours.
        """
        found = self._of_run(run_id, lambda given: given == name)
        for artifact in found[:MOST]:
            yield self._content(artifact, run_id, FILE, MAX_PLAN)

    def shard_files(self, run_id: str, prefix: str) -> dict[str, bytes]:
        """shard.json of the newest artifact of each name that starts so.

        Raises GitHubRefused likewise, also when there are too many or they are too large.
        """
        newest: dict[str, Any] = {}
        for artifact in self._of_run(run_id, lambda given: given.startswith(prefix)):
            newest.setdefault(str(artifact.name), artifact)
        if len(newest) > MOST_SHARDS:
            raise GitHubRefused(f"Run {run_id} left more than {MOST_SHARDS} shards.")
        left, contents = MAX_SHARDS_SIZE, {}
        for name, artifact in sorted(newest.items()):
            contents[name] = self._content(artifact, run_id, SHARD_FILE, min(left, MAX_PLAN))
            left -= len(contents[name])
        return contents

    def _content(self, artifact: Any, run_id: str, file: str, limit: int) -> bytes:
        name = str(artifact.name)
        if artifact.expired:
            raise GitHubRefused(f"The artifact {name} of run {run_id} has expired.")
        archive = self._download(int(artifact.id), name)
        try:
            return only_file(archive, file, limit)
        except ArchiveFault as fault:
            raise GitHubRefused(
                f"The artifact {name} of run {run_id} is not one of meshbot's: {fault}."
            ) from fault

    def _of_run(self, run_id: str, wanted: Callable[[str], bool]) -> list[Any]:
        """The artifacts with such names, newest first."""

        def listed() -> list[Any]:
            repository = self._session.repository
            found = repository.get_workflow_run(int(run_id)).get_artifacts()
            own = [artifact for artifact in found if wanted(str(artifact.name))]
            return sorted(own, key=lambda artifact: -artifact.id)

        return self._session.call(f"list the artifacts of run {run_id}", listed)

    def _download(self, number: int, name: str) -> bytes:
        what = f"fetch the artifact {name}"
        address = self._session.call(what, lambda: self._address(number))
        return self._session.call(what, lambda: self._fetched(address, name))

    def _address(self, number: int) -> str:
        """Where the archive is: GitHub redirects to a store, which must not get the token."""
        url = f"{self._session.repository.url}/actions/artifacts/{number}/zip"
        headers, _ = self._session.github.requester.requestJsonAndCheck("GET", url)
        address = str(headers.get("location", ""))
        plain_api = urlsplit(self._session.github.requester.base_url).scheme == "http"
        if urlsplit(address).scheme not in ("https", *(["http"] if plain_api else [])):
            raise GitHubRefused("GitHub names no address from which the artifact can be fetched.")
        return address

    def _fetched(self, address: str, name: str) -> bytes:
        import requests

        found = bytearray()
        with requests.get(address, stream=True, timeout=TIMEOUT, allow_redirects=False) as reply:
            if 300 <= reply.status_code < 500:
                raise GitHubRefused(f"The artifact {name} is not there ({reply.status_code}).")
            reply.raise_for_status()
            for chunk in reply.iter_content(CHUNK):
                found += chunk
                if len(found) > MAX_ARCHIVE:
                    raise GitHubRefused(
                        f"The artifact {name} is larger than {MAX_ARCHIVE:,} bytes."
                    )
        return bytes(found)
