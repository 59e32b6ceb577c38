"""What every part of the seeds knows."""

from __future__ import annotations

from bot.emulator.github.emulator import Emulator
from bot.emulator.github.world import Repository, World


class Base:
    """The emulator, and its repositories by name."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.world: World = emulator.world

    def _repository(self, name: str) -> Repository:
        if name not in self.world.repositories:
            raise KeyError(f"no repository {name}")
        return self.world.repositories[name]
