"""ports.Reader: asks AWS, and remembers the answers for one plan."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from bot.adapters.aws.calls import Item, Reads
from bot.model.address import Scope


class MemberReader:
    """Reads through member roles. Equal questions are asked once, by whichever thread is first.

    Failures are remembered as answers are. Items are shared between all who ask: they must
    not be changed.
    """

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._lock = threading.Lock()
        self._answers: dict[tuple[Scope, str, str], Future[tuple[Item, ...]]] = {}

    def read(self, scope: Scope, action: str, **params: Any) -> Iterator[Item]:
        """Every item of a paginated answer; all pages are fetched before this returns.

        Raises AwsError; ReadOnlyViolation before anything is sent if it is no read.
        """
        question = scope, action, json.dumps(params, sort_keys=True, default=repr)
        with self._lock:
            asked = question in self._answers
            answer = self._answers.setdefault(question, Future())
        if not asked:
            self._ask(answer, scope, action, params)
        return iter(answer.result())

    def _ask(
        self, answer: Future[tuple[Item, ...]], scope: Scope, action: str, params: dict[str, Any]
    ) -> None:
        try:
            answer.set_result(self._reads.items(scope, action, params))
        except BaseException as error:  # noqa: BLE001  (raised by result(), to all who wait)
            answer.set_exception(error)
