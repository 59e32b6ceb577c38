"""The control endpoint: ``/_emulator/…``, JSON both ways. No part of AWS.

======  ==========================  =====================================================
GET     settings, calls             what is set; what was called, oldest first
POST    settings                    change the settings given, answer all of them
DELETE  calls                       forget the calls
POST    reset                       as at start: no resources, no calls, first settings
POST    peerings                    ``{"id": …, "status": …}``: put a peering into a status
DELETE  peerings                    ``{"id": …}``: as if the peering had never been
POST    routes                      a route that a virtual private gateway propagates:
                                    ``{"account", "region", "route_table", "destination",
                                    "gateway"}``
======  ==========================  =====================================================
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.emulator.aws.peerings import Peering, Status
from bot.emulator.aws.routes import IPV4, IPV6, Destination, Route, Target
from bot.emulator.aws.world import World

Answer = tuple[str, list[tuple[str, str]], bytes]


class Control:
    """Answers control requests about one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._actions: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], bytes]] = {
            ("GET", "settings"): self._settings,
            ("POST", "settings"): self._change,
            ("GET", "calls"): lambda _: world.calls.as_json(),
            ("DELETE", "calls"): self._forget_calls,
            ("POST", "reset"): self._reset,
            ("POST", "peerings"): self._force,
            ("DELETE", "peerings"): self._forget_peering,
            ("POST", "routes"): self._propagate,
        }

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """The answer to one request; 404 for an unknown one, 400 for one that cannot be."""
        action = self._actions.get((method, path.removeprefix("/_emulator/")))
        if action is None:
            return _answer("404 Not Found", b'{"error": "no such control request"}')
        try:
            given = json.loads(body or b"{}")
            with self._world.lock:
                return _answer("200 OK", action(given))
        except (KeyError, TypeError, ValueError) as error:
            text = f"{type(error).__name__}: {error}"
            return _answer("400 Bad Request", json.dumps({"error": text}).encode())

    def _settings(self, _: Mapping[str, Any]) -> bytes:
        return json.dumps(self._world.settings.as_json()).encode()

    def _change(self, given: Mapping[str, Any]) -> bytes:
        self._world.change(given)
        return self._settings(given)

    def _forget_calls(self, _: Mapping[str, Any]) -> bytes:
        self._world.calls.clear()
        return b"{}"

    def _reset(self, _: Mapping[str, Any]) -> bytes:
        self._world.reset()
        return b"{}"

    def _peering(self, given: Mapping[str, Any]) -> Peering:
        peering = self._world.peerings.get(given["id"])
        if peering is None:
            raise ValueError(f"no peering {given['id']}")
        return peering

    def _force(self, given: Mapping[str, Any]) -> bytes:
        self._peering(given).force(Status(given["status"]), self._world.now())
        return b"{}"

    def _forget_peering(self, given: Mapping[str, Any]) -> bytes:
        self._world.peerings.forget(self._peering(given))
        return b"{}"

    def _propagate(self, given: Mapping[str, Any]) -> bytes:
        backend = self._world.backend(given["account"], given["region"])
        table = backend.route_tables[given["route_table"]]
        kind = IPV6 if ":" in given["destination"] else IPV4
        destination = Destination(kind, given["destination"])
        target = Target("GatewayId", given["gateway"])
        self._world.routes.put(table.id, Route(destination, target, propagated=True))
        return b"{}"


def _answer(status: str, body: bytes) -> Answer:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return status, headers, body
