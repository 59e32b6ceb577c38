"""Schema faults in words: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from bot.config.fault import SHOWN, quoted
from bot.config.node import Node, Scalar, Sequence
from bot.config.scalar import NOT_FINITE, Unclear, numeric, reading

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """Code, summary and detail of a fault."""

    code: str
    summary: str
    detail: str = ""


def closest(text: str, known: list[str]) -> list[str]:
    """The one of ``known`` that was probably meant, if any."""
    close = get_close_matches(text[:SHOWN], known, 3)
    # letters that only changed places are the commonest slip: us-esat-1 is not us-west-1
    return sorted(close, key=lambda other: sorted(other) != sorted(text))[:1]


def unknown_key(key: str, known: list[str]) -> Phrase:
    """A key that the schema does not have."""
    summary = f"unknown key {quoted(key)}"
    close = closest(key, known)
    if close:
        return Phrase("unknown-key", f"{summary}, did you mean {close[0]!r}?")
    return Phrase("unknown-key", summary, f"The keys here are {', '.join(sorted(known))}.")


def missing(name: str, keys: list[str]) -> Phrase:
    """Keys that must be there and are not."""
    words = ", ".join(keys)
    return Phrase("missing-key", f"{name} lacks {words}", f"Add {words}.")


def phrase(name: str, node: Node, rule: str, wanted: Any, schema: Mapping[str, Any]) -> Phrase:
    """A value that breaks a rule of the schema; ``wanted`` is the rule's own value."""
    text = node.text if isinstance(node, Scalar) else ""
    match rule:
        case "type":
            return _type(name, node, [wanted] if isinstance(wanted, str) else list(wanted))
        case "enum":
            return _enum(name, text, wanted)
        case "pattern":
            message = schema.get("patternErrorMessage", f"does not match {wanted}")
            return Phrase("form", f"{name} {quoted(text)} {message}")
        case _:
            return _bound(name, text, rule, wanted)


def _bound(name: str, text: str, rule: str, wanted: Any) -> Phrase:
    """A value that is too much or too little."""
    match rule:
        case "minLength":
            return Phrase("too-short", f"{name} must not be empty", "Fill it in.")
        case "maxLength":
            summary = f"{name} has {len(text)} characters, and at most {wanted} are allowed"
            return Phrase("too-long", summary, "Shorten it.")
        case "minimum" | "maximum":
            bound = f"{wanted} or {'more' if rule == 'minimum' else 'less'}"
            return Phrase("range", f"{name} must be {bound}, not {text}")
        case "maxItems":
            return Phrase("too-long", f"{name} has more than {wanted} items")
        case _:
            return Phrase("schema", f"{name} breaks the schema's rule {rule}: {wanted}")


def _enum(name: str, text: str, allowed: list[str]) -> Phrase:
    close = closest(text.lower(), allowed)
    did_you_mean = f"Did you mean {close[0]!r}?" if close else ""
    if name == "region":
        detail = did_you_mean or "Regions are spelt like us-east-1."
        return Phrase("unknown-region", f"unknown region {quoted(text)}", detail)
    summary = f"{name} must be {_either(allowed)}, not {quoted(text)}"
    return Phrase("not-a-choice", summary, did_you_mean)


def _type(name: str, node: Node, wanted: list[str]) -> Phrase:
    value = node.value if isinstance(node, Scalar) else None
    text = node.text if isinstance(node, Scalar) else ""
    if name == "account_id" and numeric(value):
        summary = f"quote the account id: without quotes, YAML reads {text} as {reading(value)}"
        return Phrase("unquoted-account-id", summary, f"Write account_id: {quoted(text)}")
    if value == Unclear(NOT_FINITE) and "string" not in wanted:
        summary = f"{name} must be a finite number, not {quoted(text)}"
        return Phrase("not-finite", summary, _advice(node, wanted))
    summary = f"{name} must be {_either(_TYPES[t] for t in wanted)}, not {_what(node)}"
    return Phrase("wrong-type", summary, _advice(node, wanted))


def _advice(node: Node, wanted: list[str]) -> str:
    """What to write where the type is wrong."""
    if not isinstance(node, Scalar):
        return ""
    if node.value is None:
        return (
            "Write [] when it is empty." if "array" in wanted else "Fill it in, or remove the key."
        )
    if "string" in wanted:
        return f"Quote it: {quoted(node.text)}"
    if "boolean" in wanted:
        return "Write true or false, without quotes."
    return (
        "Write it in plain digits, without quotes." if {"integer", "number"} & set(wanted) else ""
    )


def _what(node: Node) -> str:
    """A node in words."""
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, Sequence) else "a mapping"
    match node.value:
        case None:
            return "nothing"
        case str():
            return f"the text {quoted(node.text)}"
        case Unclear():
            return f"{quoted(node.text)}, which some YAML readers take for {reading(node.value)}"
        case _:
            return f"{quoted(node.text)}, which YAML reads as {reading(node.value)}"


def _either(choices: Iterable[str]) -> str:
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last
