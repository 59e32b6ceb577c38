"""MaxResults and NextToken.

Sources: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html and each Describe
action's MaxResults. A token says where to go on: after the last item returned, and for which
question; AWS's are opaque, and so are these to a client.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.emulator.aws.errors import EC2ClientError, invalid_value, not_permitted
from bot.emulator.aws.settings import Settings

T = TypeVar("T")

_MIN = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A list request: what is asked, how many at a time (0: not said), and from where.

    ``by_id`` names the parameter with ids, when there are any.
    """

    action: str
    parameters: Mapping[str, Any]
    maximum: int
    by_id: str = ""

    @property
    def size(self) -> int:
        """MaxResults, 0 when it was not given."""
        return int(self.parameters.get("MaxResults") or 0)

    @property
    def token(self) -> str:
        """NextToken, empty when it was not given."""
        return str(self.parameters.get("NextToken") or "")

    @property
    def digest(self) -> str:
        """What is asked, without how many at a time and from where."""
        kept = {k: v for k, v in self.parameters.items() if k not in {"MaxResults", "NextToken"}}
        text = json.dumps([self.action, kept], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def check(question: Question, settings: Settings) -> None:
    """Refuse what AWS refuses before it looks at anything."""
    if "MaxResults" in question.parameters and question.by_id:
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"The parameter {question.by_id} cannot be used with the parameter maxResults",
        )
    if "MaxResults" in question.parameters and question.size < _MIN:
        raise invalid_value(question.size, "maxResults", f"Expecting a value greater than {_MIN}.")
    if question.size > question.maximum:
        why = f"Expecting a value less than or equal to {question.maximum}."
        raise invalid_value(question.size, "maxResults", why)
    unqualified = not (question.size or question.by_id or question.parameters.get("Filters"))
    if settings.refuse_unpaginated and unqualified:
        raise not_permitted("Unpaginated and unqualified requests are not permitted.")


def page(
    question: Question, settings: Settings, items: Sequence[T], key: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """The items of the page asked for, and the token of the next (None: that was the last).

    ``items`` keep their order between calls; ``key`` tells them apart.
    """
    if question.by_id:
        return items, None
    start = _start(question, items, key)
    sizes = [size for size in (question.size, settings.page_size) if size]
    end = start + min(sizes) if sizes else len(items)
    if end >= len(items):
        return items[start:], None
    return items[start:end], _token(question.digest, key(items[end - 1]), end)


def _token(digest: str, last: str, index: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, last, index]).encode()).decode()


def _start(question: Question, items: Sequence[T], key: Callable[[T], str]) -> int:
    if not question.token:
        return 0
    try:
        digest, last, index = json.loads(base64.urlsafe_b64decode(question.token.encode()))
    except (binascii.Error, ValueError):
        digest, last, index = "", "", 0
    if digest != question.digest:
        raise invalid_value(question.token, "nextToken", "The token is not valid for this request.")
    if 0 < index <= len(items) and key(items[index - 1]) == last:
        return int(index)
    return next((i + 1 for i, item in enumerate(items) if key(item) == last), int(index))
