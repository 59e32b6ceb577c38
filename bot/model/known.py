"""What was read for a plan and need not be read again when it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.model.change import Observed
from bot.model.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Known:
    """VPCs, peerings and security groups as they were when a plan was made.

    ``observed`` is by kind, and lacks routes: there are many of them, and after an apply they
    are read again.
    """

    inventory: Inventory
    observed: Mapping[str, tuple[Observed[Any], ...]]
