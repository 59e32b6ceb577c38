"""What AWS will refuse because of a quota: count, ask only where something is made, judge."""

from bot.engine.quotas.ask import applied_quotas
from bot.engine.quotas.count import Use, uses
from bot.engine.quotas.judge import judged

__all__ = ["Use", "applied_quotas", "judged", "uses"]
