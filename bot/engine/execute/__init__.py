"""Carry out the steps of a plan: concurrently, within the rate limits, one outcome a change."""

from bot.engine.execute.execution import execute
from bot.engine.execute.settings import Settings

__all__ = ["Settings", "execute"]
