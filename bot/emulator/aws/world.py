"""All that the emulator knows: settings, calls, identities, and the resources moto lacks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ec2.models import EC2Backend, ec2_backends
from moto.iam.models import get_account_id_from

from bot.emulator.aws.calls import CallLog
from bot.emulator.aws.faults import Faults
from bot.emulator.aws.group_rules import GroupRules
from bot.emulator.aws.insights import Insights
from bot.emulator.aws.peerings import Peerings
from bot.emulator.aws.routes import Routes
from bot.emulator.aws.settings import Settings
from bot.emulator.aws.throttle import Throttle


class World:
    """One AWS. ``lock`` is held while a call is carried out, so that calls are atomic."""

    def __init__(self, settings: Settings) -> None:
        self.lock = threading.RLock()
        self.calls = CallLog()
        self._at_start = settings
        self.reset()

    def reset(self) -> None:
        """As it was at start: no resources, no calls, the first settings."""
        with self.lock:
            BackendDict.reset()
            self.calls.clear()
            self.peerings = Peerings()
            self.routes = Routes()
            self.group_rules = GroupRules()
            self.insights = Insights()
            self.roles: dict[str, str] = {}
            self._sessions: dict[str, float] = {}
            self._accounts: dict[str, str] = {}
            self._use(self._at_start)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change settings; fault counters and token buckets start afresh if theirs change."""
        with self.lock:
            self._use(self.settings.changed(changes), changes)

    def _use(self, settings: Settings, changes: Mapping[str, Any] | None = None) -> None:
        self.settings = settings
        if changes is None or "faults" in changes:
            self.faults = Faults(settings.faults)
        if changes is None or {"throttle", "buckets"} & set(changes):
            self.throttle = Throttle(settings.buckets)

    def account_of(self, access_key: str) -> str:
        """The account that an access key belongs to; unknown keys are moto's own account."""
        if access_key not in self._accounts:
            self._accounts[access_key] = get_account_id_from(access_key)
        return self._accounts[access_key]

    def opened(self, access_key: str, role: str) -> None:
        """A session of a role began."""
        self.roles[access_key] = role
        self._sessions[access_key] = self.now()

    def session_over(self, access_key: str) -> bool:
        """True for a session that is older than the settings let it grow."""
        longest = self.settings.session_seconds
        return bool(longest) and self._sessions.get(access_key, math.inf) + longest < self.now()

    def backend(self, account: str, region: str) -> EC2Backend:
        """moto's EC2 of one account and Region. Raises KeyError when there is no such Region."""
        backend: EC2Backend = ec2_backends[account][region]
        return backend

    @staticmethod
    def now() -> float:
        """Seconds since the epoch."""
        return time.time()
