"""What every EC2 call of the emulator shares: where it is made, its parameters, its answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response

from bot.emulator.aws import filters, pages, tags, xml
from bot.emulator.aws.errors import EC2ClientError, invalid_value
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.peerings import Place
from bot.emulator.aws.world import World

T = TypeVar("T")

MAXIMA: Mapping[str, int] = {"DescribeRouteTables": 100}
"""The largest MaxResults of an action, 1000 where it is not named."""


class Written(ActionResult):
    """An answer that is XML already."""


class Calls(EC2Response):
    """moto's EC2 with a World. Each action is a method named after it, in snake case."""

    world: ClassVar[World]

    @property
    def place(self) -> Place:
        """The account and Region of the caller."""
        return Place(self.current_account, self.region)

    @property
    def backend(self) -> EC2Backend:
        """moto's EC2 of the caller."""
        return self.world.backend(self.current_account, self.region)

    def required(self, name: str) -> str:
        """A parameter that the request must have."""
        value = self._get_param(name)
        if not value:
            parameter = name[0].lower() + name[1:]
            raise EC2ClientError(
                "MissingParameter", f"The request must contain the parameter {parameter}"
            )
        return str(value)

    def answer(self, action: str, result: Mapping[str, Any]) -> ActionResult:
        """A successful answer."""
        return Written(xml.answer(action, result, str(uuid.uuid4())))

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        if isinstance(action_result, Written):
            return 200, {"Content-Type": "text/xml;charset=UTF-8"}, str(action_result.result)
        return super().serialized(action_result)

    def tags_of(self, identifier: str) -> dict[str, str]:
        """The tags that the caller's account has put on a resource in the caller's Region."""
        return self.backend.tags.get(identifier, {})

    def tag_set(self, identifier: str) -> list[dict[str, str]]:
        """The same, as an answer's Tags."""
        return [{"Key": key, "Value": value} for key, value in self.tags_of(identifier).items()]

    def specified_tags(self, resource_type: str) -> dict[str, str]:
        """The checked tags of a request's TagSpecifications."""
        specifications = self._get_param("TagSpecifications") or []
        for item in specifications:
            if item.get("ResourceType") != resource_type:
                raise invalid_value(
                    item.get("ResourceType"),
                    "resourceType",
                    "It is not a valid taggable resource type for this operation.",
                )
        given = [tag for item in specifications for tag in item.get("Tags", [])]
        return tags.checked(given, {}, self.world.settings)

    def write_tags(self, identifier: str, new: Mapping[str, str]) -> None:
        """Put tags on a resource for the caller's account and Region."""
        if new:
            self.backend.tags[identifier].update(new)

    def question(self, action: str, ids: str) -> pages.Question:
        """The list request, checked as far as it can be before looking."""
        asked = pages.Question(
            action,
            dict(self.params),
            MAXIMA.get(action, 1000),
            by_id=ids if self._get_param(ids) else "",
        )
        pages.check(asked, self.world.settings)
        return asked

    def listing(
        self,
        action: str,
        result: str,
        *,
        ids: str,
        items: Mapping[str, T],
        missing: Callable[[str], Exception],
        getters: Mapping[str, Getter[T]],
        value: Callable[[T], Any],
    ) -> ActionResult:
        """Answer a Describe call: by id or all, filtered, one page of it."""
        self.error_on_dryrun()
        page, token = self.selection(action, ids=ids, items=items, missing=missing, getters=getters)
        found = {result: [value(item) for item in page], "NextToken": token}
        return self.answer(action, found)

    def selection(
        self,
        action: str,
        *,
        ids: str,
        items: Mapping[str, T],
        missing: Callable[[str], Exception],
        getters: Mapping[str, Getter[T]],
    ) -> tuple[list[T], str | None]:
        """The items of the page asked for, and the token of the next page."""
        asked = self.question(action, ids)
        wanted = filters.read(self._get_param("Filters"), (*getters, "tag-key"))
        chosen = list(dict.fromkeys(self._get_param(ids) or items))
        unknown = [identifier for identifier in chosen if identifier not in items]
        if unknown:
            raise missing(unknown[0])
        kept = filters.matching(
            chosen,
            wanted,
            {name: _through(items, getter) for name, getter in getters.items()},
            self.tags_of,
        )
        page, token = pages.page(asked, self.world.settings, kept, str)
        return [items[identifier] for identifier in page], token


def _through(items: Mapping[str, T], getter: Getter[T]) -> Getter[str]:
    return lambda identifier: getter(items[identifier])
