"""Carry out the steps of a plan: concurrently, within the rate limits, one outcome a change."""

from bot.engine.execute.scheduler import Settings, execute

__all__ = ["Settings", "execute"]
