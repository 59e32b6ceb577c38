"""Check runs: batches of annotations, and answers that got lost."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from bot.adapters.github.checks import Checks, batches
from bot.errors import GitHubError, GitHubRefused
from bot.model.diagnostic import SourceLine
from bot.model.github import Annotation, AnnotationLevel, CheckRun, Conclusion
from tests.adapters.github.api import REPO, body, sent, session

SHA = "a" * 40
RUN: dict[str, Any] = {
    "id": 3,
    "url": f"{REPO}/check-runs/3",
    "html_url": "https://github.example/acme/net/runs/3",
    "external_id": "77:1:fp",
}


def check(annotations: int = 0) -> CheckRun:
    notes = tuple(
        Annotation(AnnotationLevel.WARNING, f"note {n}", "code", SourceLine("meshes/a.yaml", n, 5))
        for n in range(1, annotations + 1)
    )
    return CheckRun(
        "meshbot", SHA, Conclusion.NEUTRAL, "title", "text", notes, "77:1:fp", "https://run"
    )


@responses.activate
def test_a_check_run_is_finished_when_it_is_made() -> None:
    responses.post(f"{REPO}/check-runs", json=RUN, status=201)

    assert Checks(session()).report(check(1)) == RUN["html_url"]
    assert body(sent("POST")[0]) == {
        "name": "meshbot",
        "head_sha": SHA,
        "status": "completed",
        "conclusion": "neutral",
        "external_id": "77:1:fp",
        "details_url": "https://run",
        "output": {
            "title": "title",
            "summary": "text",
            "annotations": [
                {
                    "path": "meshes/a.yaml",
                    "start_line": 1,
                    "end_line": 1,
                    "start_column": 5,
                    "end_column": 5,
                    "annotation_level": "warning",
                    "message": "note 1",
                    "title": "code",
                }
            ],
        },
    }


@responses.activate
def test_annotations_go_out_fifty_at_a_time() -> None:
    responses.post(f"{REPO}/check-runs", json=RUN, status=201)
    responses.patch(f"{REPO}/check-runs/3", json=RUN)

    Checks(session()).report(check(120))

    outputs = [body(call)["output"]["annotations"] for call in (*sent("POST"), *sent("PATCH"))]
    assert [len(output) for output in outputs] == [50, 50, 20]
    assert [note["message"] for output in outputs for note in output] == [
        f"note {n}" for n in range(1, 121)
    ]


@responses.activate
def test_a_lost_answer_does_not_make_a_second_check_run() -> None:
    responses.post(f"{REPO}/check-runs", status=502, json={})
    other = RUN | {"id": 2, "external_id": "76:1:fp"}
    runs = {"total_count": 2, "check_runs": [other, RUN]}
    responses.get(f"{REPO}/commits/{SHA}/check-runs", json=runs)

    assert Checks(session()).report(check()) == RUN["html_url"]
    assert len(sent("POST")) == 1


@responses.activate
def test_a_check_run_that_never_arrived_is_sent_again() -> None:
    responses.post(f"{REPO}/check-runs", status=502, json={})
    responses.post(f"{REPO}/check-runs", json=RUN, status=201)
    runs = {"total_count": 0, "check_runs": []}
    responses.get(f"{REPO}/commits/{SHA}/check-runs", json=runs)

    assert Checks(session()).report(check()) == RUN["html_url"]


@responses.activate
def test_a_missing_permission_is_a_refusal() -> None:
    message = {"message": "Resource not accessible by integration"}
    responses.post(f"{REPO}/check-runs", status=403, json=message)

    with pytest.raises(GitHubRefused, match="needs `checks: write`"):
        Checks(session()).report(check())


@responses.activate
def test_an_annotation_is_never_sent_twice() -> None:
    responses.post(f"{REPO}/check-runs", json=RUN, status=201)
    responses.patch(f"{REPO}/check-runs/3", status=502, json={})

    with pytest.raises(GitHubError):
        Checks(session()).report(check(60))
    assert len(sent("PATCH")) == 1


def test_texts_beyond_githubs_limits_are_cut_visibly_and_places_are_needed() -> None:
    long = Annotation(AnnotationLevel.NOTICE, "m" * 70_000, "t" * 300, SourceLine("a.yaml", 3))
    nowhere = Annotation(AnnotationLevel.NOTICE, "no place")
    run = CheckRun("meshbot", SHA, Conclusion.SUCCESS, "t" * 300, "s" * 70_000, (long, nowhere))

    (output,) = batches(run)

    assert len(output["title"]) == 255
    assert output["summary"].endswith("…")
    (annotation,) = output["annotations"]
    assert len(annotation["message"]) == 60_000
    assert len(annotation["title"]) == 255
    assert "start_column" not in annotation
