"""The rules for tags.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
and https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.emulator.aws.errors import EC2ClientError, invalid_value
from bot.emulator.aws.settings import Settings

_KEY = 128  # Unicode characters
_VALUE = 256


def checked(
    given: Iterable[Mapping[str, str]], standing: Mapping[str, str], settings: Settings
) -> dict[str, str]:
    """New tags as a dict, if a resource with the ``standing`` ones may have them."""
    new: dict[str, str] = {}
    for tag in given:
        key, value = tag.get("Key", ""), tag.get("Value") or ""
        _check(key, value)
        if key in new:
            raise EC2ClientError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        new[key] = value
    if len({*standing, *new}) > settings.tags_per_resource:
        raise EC2ClientError(
            "TagLimitExceeded",
            f"The maximum number of Tags for a resource is {settings.tags_per_resource}.",
        )
    return new


def check_reserved(key: str) -> None:
    """Refuse a key with AWS's own prefix."""
    if key.lower().startswith("aws:"):
        why = "Tag keys starting with 'aws:' are reserved for internal use"
        raise invalid_value(key, "key", why)


def _check(key: str, value: str) -> None:
    check_reserved(key)
    if not 1 <= len(key) <= _KEY:
        raise invalid_value(key, "key", f"A tag key has 1 to {_KEY} characters.")
    if len(value) > _VALUE:
        raise invalid_value(value, "value", f"A tag value has at most {_VALUE} characters.")
