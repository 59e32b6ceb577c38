"""The emulator as a process of one's own, and its control endpoint as an object."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.emulator.aws.calls import Call

_STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator. ``url`` is what AWS_ENDPOINT_URL takes. Methods raise ValueError."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables that lead boto3's standard chain to the emulator.

        The identity is one of account 123456789012, which may assume any role.
        """
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": "emulated",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def calls(self) -> tuple[Call, ...]:
        """Every AWS call since the start, the last reset or ``forget_calls``."""
        return tuple(Call.of(item) for item in self._control("GET", "calls"))

    def forget_calls(self) -> None:
        """Empty the log of calls."""
        self._control("DELETE", "calls")

    def settings(self, **changes: Any) -> Mapping[str, Any]:
        """Change settings (see Settings for names); answers all of them."""
        answer: Mapping[str, Any] = self._control("POST", "settings", changes)
        return answer

    def reset(self) -> None:
        """As it was at start."""
        self._control("POST", "reset")

    def force_peering(self, identifier: str, status: str) -> None:
        """Put a peering into a status, whatever it was in."""
        self._control("POST", "peerings", {"id": identifier, "status": status})

    def forget_peering(self, identifier: str) -> None:
        """As if the peering had never been; routes to it stay."""
        self._control("DELETE", "peerings", {"id": identifier})

    def propagate_route(
        self, account: str, region: str, route_table: str, destination: str, gateway: str
    ) -> None:
        """Let a virtual private gateway propagate a route into a table."""
        route = {"route_table": route_table, "destination": destination, "gateway": gateway}
        self._control("POST", "routes", {"account": account, "region": region, **route})

    def _control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310  (the URL is the emulator's own)
            f"{self.url}/_emulator/{path}", json.dumps(body or {}).encode(), method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.loads(error.read())["error"]) from None


@contextmanager
def running(port: int = 0, **settings: Any) -> Iterator[Emulator]:
    """Start an emulator with these settings, and stop it in the end.

    Raises RuntimeError when it does not start.
    """
    process = subprocess.Popen(  # noqa: S603  (this interpreter, our own module)
        [
            sys.executable,
            "-m",
            "bot.emulator.aws",
            f"--port={port}",
            "--until-stdin-closes",
            f"--settings={json.dumps(settings)}",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield Emulator(_url(process))
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _url(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    if not line.startswith("http://"):
        raise RuntimeError("the AWS emulator did not start; what it printed is above")
    return line
