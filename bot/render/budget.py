"""A text that fits: each block is rendered in the most detail that there is room for.

Blocks are never cut. The least detailed variant of each must be of bounded size, and
those together must fit; then the whole does, whatever the plan holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered block; ``shown`` is how many changes it tells one by one."""

    markdown: str = ""
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """One level of detail. ``floor`` is the least it can measure, so as not to try in vain."""

    render: Callable[[], Text]
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the text: variants from most to least detail; the least important yields."""

    importance: int
    variants: tuple[Variant, ...]


def fixed(importance: int, markdown: str, shown: int = 0) -> Block:
    """A block with one variant only."""
    return Block(importance, (Variant(lambda: Text(markdown, shown)),))


def size(markdown: str) -> int:
    """Bytes of a text within a JSON string in ASCII, the largest form an API client sends."""
    return len(json.dumps(markdown)) - 2


def fit(blocks: Sequence[Block], budget: int) -> list[Text]:
    """The blocks' texts, in order, that together measure at most ``budget`` bytes.

    The blank line between blocks is counted: four bytes, as ``\\n`` is two in JSON.
    """
    chosen = [block.variants[-1].render() for block in blocks]
    spare = budget - sum(size(text.markdown) + 4 for text in chosen)
    for index in sorted(range(len(blocks)), key=lambda i: blocks[i].importance):
        room = spare + size(chosen[index].markdown)
        better = _best(blocks[index].variants[:-1], room)
        if better is not None:
            spare = room - size(better.markdown)
            chosen[index] = better
    return chosen


def _best(variants: Sequence[Variant], room: int) -> Text | None:
    for variant in variants:
        if variant.floor <= room:
            text = variant.render()
            if size(text.markdown) <= room:
                return text
    return None
