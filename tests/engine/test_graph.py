"""What a step's end means for the other steps, in whatever order the ends come."""

from __future__ import annotations

from itertools import permutations

from bot.engine.execute.graph import Graph, Node, State
from bot.model.address import Address
from bot.model.change import Change, Outcome, Result
from bot.model.step import Condition, IdOf, Step, StepRef
from tests.engine.steps import EAST, WEST, address

CALL = "ec2:CreateRoute"


def graph_of(**steps: list[Step]) -> Graph:
    """A graph of changes by name."""
    changes = [Change(address(name), None, "spec") for name in steps]
    return Graph.of(changes, lambda change: tuple(steps[change.address.key]))


def step(name: str, *after: StepRef, until: Condition | None = None) -> Step:
    return Step(name, EAST, CALL, after=after, until=until)


def ref(change: str, name: str) -> StepRef:
    return StepRef(address(change), name)


def condition(change: str, needless_after: StepRef | None = None) -> Condition:
    states = frozenset({"active"}), frozenset({"failed"})
    return Condition(IdOf(address(change)), *states, "f", "id", "s", "m", needless_after)


def failed(graph: Graph, node: Node, error: str = "no") -> list[Node]:
    change = graph.changes[node.ref.address]
    return graph.fail(node, Outcome(change, Result.FAILED, error))


def results(graph: Graph) -> dict[str, tuple[Result, str, Address | None]]:
    return {o.change.address.key: (o.result, o.error, o.because_of) for o in graph.outcomes()}


def test_a_skipped_change_names_the_same_reason_whichever_failed_first() -> None:
    told = []
    for order in permutations(("a", "b", "c")):
        needs = [ref(name, "do") for name in "abc"]
        graph = graph_of(a=[step("do")], b=[step("do")], c=[step("do")], d=[step("do", *needs)])
        graph.start()
        for name in order:
            failed(graph, graph.nodes[ref(name, "do")])
        told.append(results(graph)["d"])

    assert set(told) == {(Result.SKIPPED, "", address("a"))}


def test_a_failed_change_tells_of_its_first_step_whichever_failed_first() -> None:
    told = []
    for order in (("one", "two"), ("two", "one")):
        graph = graph_of(a=[step("one"), step("two")])
        graph.start()
        for name in order:
            failed(graph, graph.nodes[ref("a", name)], name)
        told.append(results(graph)["a"])

    assert told == [(Result.FAILED, "one", None)] * 2


def test_what_else_a_failed_change_does_goes_on() -> None:
    graph = graph_of(
        a=[step("one"), step("two"), step("after one", ref("a", "one"))],
        b=[step("do", ref("a", "two"))],
    )
    graph.start()

    cancelled = failed(graph, graph.nodes[ref("a", "one")])
    ready = graph.done(graph.nodes[ref("a", "two")])

    assert [node.ref.step for node in cancelled] == ["one", "after one"]
    assert [node.ref for node in ready] == [ref("b", "do")]
    graph.done(graph.nodes[ref("b", "do")])
    assert {name: told[0] for name, told in results(graph).items()} == {
        "a": Result.FAILED,
        "b": Result.APPLIED,
    }


def test_nothing_is_waited_for_in_a_change_that_is_given_up() -> None:
    graph = graph_of(
        a=[step("do")],
        b=[step("settled", until=condition("b")), step("delete", ref("a", "do"))],
    )
    graph.start()

    failed(graph, graph.nodes[ref("a", "do")])

    assert graph.nodes[ref("b", "settled")].state is State.CANCELLED
    assert graph.settled == 2


def test_a_wait_ends_with_the_step_that_makes_it_needless() -> None:
    needless = condition("a", ref("a", "visible"))
    graph = graph_of(
        a=[
            step("requested", until=needless),
            step("visible", until=condition("a")),
            step("accept", ref("a", "visible")),
        ]
    )
    graph.start()

    ready = graph.done(graph.nodes[ref("a", "visible")])

    assert [node.ref.step for node in ready] == ["accept"]
    assert graph.nodes[ref("a", "requested")].state is State.DONE
    graph.done(graph.nodes[ref("a", "accept")])
    assert results(graph)["a"][0] is Result.APPLIED
    assert graph.applied == graph.settled == 1


def test_calls_that_are_left_are_counted_by_lane() -> None:
    shared = Step("tag", WEST, "ec2:CreateTags", merge="Resources")
    graph = graph_of(
        a=[step("one"), step("wait", until=condition("a")), shared],
        b=[step("one", ref("a", "one"))],
        c=[step("one")],
    )
    graph.start()
    assert graph.calls == {(EAST, CALL): 3}

    graph.done(graph.nodes[ref("c", "one")])
    failed(graph, graph.nodes[ref("a", "one")])

    assert +graph.calls == {}
    assert sorted(a.key for a in graph.settling) == ["a", "b", "c"]
