"""Who looks on must not stop the work: a display may fail in any way."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.model.progress import Progressed
from bot.ports import Progress, Quiet

LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Sheltered:
    """A Progress that is told no more once it failed: nothing depends on who looks on."""

    progress: Progress

    def update(self, activity: str, done: int, total: int) -> None:
        """See Progress.update."""
        try:
            self.progress.update(activity, done, total)
        except Exception as error:  # noqa: BLE001  (whoever shows it may raise anything)
            self._failed(error)

    def progressed(self, state: Progressed) -> None:
        """See Progress.progressed."""
        try:
            self.progress.progressed(state)
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        LOG.error("how far it is can no longer be told", exc_info=error)
        self.progress = Quiet()
