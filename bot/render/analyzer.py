"""What Reachability Analyzer would be asked and what it costs; then what it said, beside the model.

Codes, ids and messages are AWS's, so hostile text: the renderers escape it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.engine.analyzer.cost import PRICE, PRICED_AT, cost
from bot.model.analyzer import TAG, Analysis, Analyzed, Explanation, Leftover, Offer
from bot.model.change import plain
from bot.model.reachability import PairReach
from bot.render import escape
from bot.render.terminal.lines import LINE_LIMIT, Line, printed
from bot.render.wording import count

_EXPLAINED = 5
"""Explanations of one answer that are written out; JSON has all."""


def offer_text(offer: Offer, *, width: int, colour: bool) -> str:
    """What would be asked, what cannot be, and the cost. Said before anything is made."""
    lines = [
        *(
            Line("  ? ", f"{ends(q.pair)} ({q.source.id} -> {q.peer.id}), model: {_model(q.pair)}")
            for q in offer.questions
        ),
        *(Line("  - ", f"{ends(u.pair)}: not asked: {u.why}") for u in offer.unasked),
    ]
    shown = [Line(line.head, escape.terminal(line.body, LINE_LIMIT), indent=4) for line in lines]
    head = Line(body=f"Reachability Analyzer can be asked about {_pairs(offer)}:")
    return printed([head, *shown, Line(body=price(offer))], width, colour)


def price(offer: Offer) -> str:
    """The number of analyses and what they cost, in plain text."""
    number = len(offer.questions)
    if not number:
        return "There is nothing to ask it, and nothing to pay."
    total = cost(offer.questions)
    if total is None:
        charge = "AWS charges for each, at a price of this partition that is not known here."
    else:
        charge = (
            f"USD {total:.2f} (USD {PRICE:.2f} each, AWS's published price, which may change:"
            f" {PRICED_AT}, Network Analysis)."
        )
    return f"{analyses(number)}: {charge}"


def analyses(number: int) -> str:
    """``1 analysis``, ``2 analyses``."""
    return f"{number:,} {'analysis' if number == 1 else 'analyses'}"


def _pairs(offer: Offer) -> str:
    number, missing = len(offer.questions), len(offer.unasked)
    text = count(number, "pair")
    text += f", and cannot about {missing:,}" if missing else ""
    if offer.left_out:
        text += f" ({offer.left_out:,} more would be worth asking about: name them with --pair)"
    return text


def ends(pair: PairReach) -> str:
    """``source -> peer``."""
    return f"{pair.source} -> {pair.peer}"


def _model(pair: PairReach) -> str:
    return f"unreachable ({pair.obstacle.reason})" if pair.obstacle else "reachable"


def verdict(analyzed: Analyzed) -> str:
    """How the two compare, in one line of plain text."""
    total = len(analyzed.analyses)
    if not total:
        return "Reachability Analyzer was not asked about any pair."
    same = sum(analysis.agrees is True for analysis in analyzed.analyses)
    differ = sum(analysis.agrees is False for analysis in analyzed.analyses)
    silent = total - same - differ
    text = f"Reachability Analyzer agrees with the model on {same:,} of {total:,} pairs"
    text += f"; it differs on {differ:,}" if differ else ""
    return text + (f"; {silent:,} without an answer" if silent else "") + "."


def lines(analyzed: Analyzed) -> Iterator[Line]:
    """For a terminal: the two verdicts side by side, what was not asked, what is left."""
    for analysis in analyzed.analyses:
        head, style = _HEADS[analysis.agrees]
        yield Line(head, escape.terminal(_side_by_side(analysis), LINE_LIMIT), style, 4)
        if analysis.question.note:
            yield Line(body=escape.terminal(analysis.question.note), indent=4)
    for unasked in analyzed.offer.unasked:
        text = f"{ends(unasked.pair)}: model: {_model(unasked.pair)}; not asked: {unasked.why}"
        yield Line("  - ", escape.terminal(text, LINE_LIMIT), indent=4)
    for leftover in analyzed.leftovers:
        yield Line("left: ", escape.terminal(left(leftover), LINE_LIMIT), "red", 2)
    yield Line(body=verdict(analyzed))
    yield Line()


_HEADS = {True: ("  = ", ""), False: ("  ! ", "red"), None: ("  ? ", "yellow")}


def _side_by_side(analysis: Analysis) -> str:
    pair = analysis.question.pair
    differ = "DIFFERENT: " if analysis.agrees is False else ""
    return f"{ends(pair)}: {differ}model: {_model(pair)}; analyzer: {said(analysis)}"


def said(analysis: Analysis) -> str:
    """The analyzer's verdict with its explanations, or why there is none."""
    if analysis.found is None:
        return f"no answer: {analysis.problem}"
    if analysis.found:
        return "reachable"
    told = [_explained(explanation) for explanation in analysis.explanations[:_EXPLAINED]]
    more = len(analysis.explanations) - len(told)
    told += [f"and {more:,} more"] if more > 0 else []
    return f"unreachable ({'; '.join(told)})" if told else "unreachable"


def _explained(explanation: Explanation) -> str:
    about = ", ".join(filter(None, (explanation.direction, *explanation.components)))
    return f"{explanation.code}: {about}" if about else explanation.code


def left(leftover: Leftover) -> str:
    """What was made and not deleted, with the command that does."""
    kind, scope = leftover.kind, leftover.scope
    if not leftover.id:
        return (
            f"a network insights {kind} may be in {scope}: {leftover.error}. Look with: aws ec2"
            f" describe-network-insights-paths --region {scope.region}"
            f" --filters Name=tag:{TAG},Values=true"
        )
    return (
        f"network insights {kind} {leftover.id} in {scope} was not deleted: {leftover.error}."
        f" Delete it with: aws ec2 delete-network-insights-{kind} --region {scope.region}"
        f" --network-insights-{kind}-id {leftover.id}"
    )


def as_data(analyzed: Analyzed | None) -> dict[str, Any]:
    """The field ``analyzer`` of the JSON document; nothing where it was not asked."""
    if analyzed is None:
        return {}
    number = len(analyzed.analyses)
    total = cost([analysis.question for analysis in analyzed.analyses]) if number else None
    data = {
        "confirmed": analyzed.confirmed,
        "analyses": number,
        "cost_at_most_usd": None if total is None else float(total),
        "pairs": [_analysis(analysis) for analysis in analyzed.analyses],
        "not_asked": [{**_ends(u.pair), "why": u.why} for u in analyzed.offer.unasked],
        "left_out": analyzed.offer.left_out,
        "leftovers": [plain(leftover) for leftover in analyzed.leftovers],
    }
    return {"analyzer": data}


def _ends(pair: PairReach) -> dict[str, Any]:
    model = {"reachable": pair.obstacle is None, "obstacle": plain(pair.obstacle)}
    return {"source": plain(pair.source), "peer": plain(pair.peer), "model": model}


def _analysis(analysis: Analysis) -> dict[str, Any]:
    question = analysis.question
    return {
        **_ends(question.pair),
        "analyzer": {
            "reachable": analysis.found,
            "explanations": [plain(explanation) for explanation in analysis.explanations],
            "problem": analysis.problem,
        },
        "agrees": analysis.agrees,
        "asked_in": str(question.asker),
        "interfaces": [question.source.id, question.peer.id],
        "note": question.note,
    }


def markdown(analyzed: Analyzed | None) -> str:
    """A table of both verdicts, and lists of the rest; nothing where it was not asked."""
    if analyzed is None:
        return ""
    rows = [
        f"| {escape.code(ends(a.question.pair))} | {escape.text(_model(a.question.pair))}"
        f" | {escape.text(said(a), 1200)} | {_MARKS[a.agrees]} |"
        for a in analyzed.analyses
    ]
    table = ["| Pair | Model | Reachability Analyzer | |", "|---|---|---|---|", *rows]
    items = [
        *(
            f"- {escape.code(ends(u.pair))} was not asked about: {escape.text(u.why)}"
            for u in analyzed.offer.unasked
        ),
        *(f"- **Left:** {escape.text(left(leftover), 1200)}" for leftover in analyzed.leftovers),
    ]
    parts = [f"#### {verdict(analyzed)}", "\n".join(table) if rows else "", "\n".join(items)]
    return "\n\n".join(part for part in parts if part)


_MARKS = {True: "same", False: "**different**", None: "no answer"}
