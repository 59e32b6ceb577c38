"""Two live peerings of one pair: which one counts, and a word about the others.

AWS allows one peering between two VPCs, yet requests that cross, and sides that lag behind each
other, may show more
(https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.kinds.vpc_peering.removal import owners_of
from bot.kinds.vpc_peering.spec import PeeringSpec, PeeringWish
from bot.kinds.vpc_peering.verdict import Verdict
from bot.model.address import Pair
from bot.model.change import Action, Desired, Observed
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.ownership import Ownership
from bot.model.peering_status import DEAD, PROGRESS

Found = Observed[PeeringSpec]


def ranked(peerings: Iterable[Found], ownership: Ownership) -> dict[Pair, list[Found]]:
    """The live peerings of each pair, first the one that counts.

    That is the most advanced one; of those equally far one of ours; of these the first by id,
    which stays the same from one plan to the next.
    """
    alive: dict[Pair, list[Found]] = {}
    for item in sorted(peerings, key=lambda item: item.id):
        if item.spec.status not in DEAD:
            alive.setdefault(item.spec.pair, []).append(item)
    for found in alive.values():
        if len(found) > 1:
            found.sort(key=lambda item: (-_advance(item), not ours(item, ownership)))
    return alive


def ours(item: Found, ownership: Ownership) -> bool:
    """True when the tags of a side name an environment of ours."""
    return bool(owners_of(item, ownership))


def _advance(item: Found) -> int:
    status = item.spec.status
    return PROGRESS.index(status) if status in PROGRESS else -1


def told(
    alive: Mapping[Pair, list[Found]],
    verdicts: Mapping[Pair, Verdict],
    wishes: Mapping[Pair, Desired[PeeringWish]],
    ownership: Ownership,
) -> Iterator[Diagnostic]:
    """A warning for each pair of ours, or that an environment wants, which has several."""
    for pair, found in alive.items():
        verdict = verdicts[pair]
        if len(found) > 1 and (pair in wishes or verdict.managed):
            lines = wishes[pair].declared_at if pair in wishes else ()
            yield Diagnostic(
                Severity.WARNING,
                "duplicate-peering",
                f"{pair.first} and {pair.second} have {len(found)} live peerings:"
                f" {_shown(found[0])} {_fate(verdict)}, as {_why(found, ownership)};"
                f" {', '.join(map(_shown, found[1:]))} is left as it is",
                "AWS allows one for two VPCs. Routes stay with the one they lead to while it is"
                " active; new ones lead to the first. Delete what nobody needs by hand.",
                lines[0] if lines else None,
                verdict.environments,
            )


def _shown(item: Found) -> str:
    return f"{item.id} ({item.spec.status})"


def _fate(verdict: Verdict) -> str:
    going = verdict.change is not None and verdict.change.action is Action.DELETE
    return "is deleted in this plan" if going else "counts"


def _why(found: list[Found], ownership: Ownership) -> str:
    first, second = found[:2]
    if _advance(first) != _advance(second):
        return "it is the most advanced"
    if ours(first, ownership) != ours(second, ownership):
        return "its tags are ours"
    return "its id comes first"
