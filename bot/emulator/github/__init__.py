"""A local GitHub: REST, GraphQL and OIDC of one repository host, in memory, on loopback.

It follows what GitHub documents, knows nothing of meshbot, and keeps every exchange so that
tests can hold it, and meshbot, to GitHub's own description of the API.
"""

from bot.emulator.github.client import EmulatorRefused, GitHub, Job, running

__all__ = ["EmulatorRefused", "GitHub", "Job", "running"]
