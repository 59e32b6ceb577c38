"""Ask many questions side by side, and wait for all answers or for the order to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from bot.engine.sheltered import Sheltered
from bot.errors import Interrupted
from bot.ports import Dispatcher, Progress, Stop

K = TypeVar("K")
R = TypeVar("R")

HEARTBEAT = 0.5
"""Seconds after which the waiting looks up, to see whether it was told to stop."""


def gather(
    questions: Mapping[K, Callable[[], R]],
    dispatcher: Dispatcher,
    activity: str,
    progress: Progress,
    stop: Stop | None,
) -> dict[K, R]:
    """The answers, by the keys of the questions.

    Raises what a question raises, and Interrupted once ``stop`` is set; nothing that
    ``progress`` raises.
    """
    answers: dict[K, R] = {}
    progress = Sheltered(progress)
    progress.update(activity, 0, len(questions))
    for key, question in questions.items():
        dispatcher.submit(question, key)
    while len(answers) < len(questions):
        if stop is not None and stop.is_set():
            raise Interrupted("interrupted while AWS was read; nothing was changed.")
        ended = dispatcher.next(HEARTBEAT)
        if ended is not None:
            token, answer, error = ended
            if error is not None:
                raise error
            answers[cast(K, token)] = answer  # tokens are the keys that were submitted
            progress.update(activity, len(answers), len(questions))
    return answers
