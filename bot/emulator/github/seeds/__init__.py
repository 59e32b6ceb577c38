"""What happens on GitHub other than through the API: people push, merge, review, runs start.

Every public method of Seeds is a verb of the control endpoint; arguments and results are JSON.
"""

from bot.emulator.github.seeds.conversations import Conversations
from bot.emulator.github.seeds.repositories import FileSpec, Repositories
from bot.emulator.github.seeds.workflows import Workflows

__all__ = ["FileSpec", "Seeds"]


class Seeds(Repositories, Conversations, Workflows):
    """The verbs. Unknown names raise KeyError, what cannot be done ValueError or ApiError."""
