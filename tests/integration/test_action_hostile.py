"""Hostile names, notes, tags and AWS answers; and a GitHub that fails in every way it knows."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters import github, runner
from bot.adapters.interruption import StopFlag
from bot.adapters.runner import OUTPUTS
from bot.config import load
from bot.emulator.aws import Emulator
from bot.emulator.runner import Ran
from bot.errors import FailureReason, MeshInvalid
from bot.usecases.action import run
from bot.usecases.action.wiring import doors
from tests.contract.github.checker import Contract
from tests.integration.hosted import (
    ACCOUNTS,
    DRIFT_PERMISSIONS,
    HEADER,
    MESH,
    NAME,
    Hosted,
    entry,
    hosted,
    mesh,
)
from tests.render.hostile import HOSTILE
from tests.render.seen import LINKED_BY_GITHUB, seen_in_markdown
from tests.render.test_escape import TAGS

COMMANDS = (
    "::error::pwned",
    "x\n::error::pwned",
    "##[error]pwned",
    "%0A::error::pwned",
    "::set-output name=failure-reason::pwned",
    "failure-reason<<EOF",
    "${{ secrets.GITHUB_TOKEN }}",
    "::stop-commands::pwned",
)
BIDI = "abc\u202edef\u2066\u200bghi"
FILE = 'meshes/@octocat [x](http:evil.example) ![y] `#1` <img src=x> ::error::pwned "q" {}.yaml'


@pytest.fixture
def story(aws_process: Emulator, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(aws_process, tmp_path, Contract()) as made:
        yield made


# --- what people and machines see


def invisible(text: str) -> list[str]:
    """Characters that show nothing or turn the text around."""
    return [
        c
        for c in text
        if c not in "\n\r\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    ]


def assert_only_ours(markdown: str, server: str, markers: int) -> None:
    seen = seen_in_markdown(markdown)
    assert set(seen.tags) <= TAGS
    assert seen.attributes <= {"href", "lang", "open", "align"}
    assert [link for link in seen.links if not link.startswith(f"{server}/{NAME}/")] == []
    assert len(seen.comments) == markers
    assert seen.unbalanced == []
    assert LINKED_BY_GITHUB.search(" ".join(seen.prose)) is None
    assert invisible(markdown) == []


MERMAID = re.compile(
    r"graph LR"
    r'|  subgraph g\d+\["[^"\[\]{}()|]*"\]|  end'
    r"|  style g\d+ fill:none,stroke:#8c959f"
    r'|    n\d+(\(\["[^"]*"\]\)|\["[^"]*"\]|\{\{"[^"]*"\}\}):::(new|kept|going)'
    r'|  n\d+ (===|---|-\.-)(\|"(new|going)"\|)? n\d+'
    r"|  classDef (new|kept|going) [\w:#,. -]+"
    r"|  linkStyle [\d,]+ [\w:#,. -]+"
)
LABEL = re.compile(r"(?:[\w ./\u2026-]|#\d+;|<br/>)*")


def assert_plain_mermaid(markdown: str) -> int:
    """Every line is of a form that we draw; the number of graphs."""
    graphs = re.findall(r"^`{3,}mermaid\n(.*?)^`{3,}$", markdown, re.MULTILINE | re.DOTALL)
    for line in (line for graph in graphs for line in graph.splitlines()):
        assert MERMAID.fullmatch(line), line
        for label in re.findall(r'"([^"]*)"', line):
            assert LABEL.fullmatch(label), label
    return len(graphs)


def commands(log: str) -> list[tuple[str, str]]:
    """What a runner would take for commands: (command, text). Fails on the older form."""
    found, token = [], ""
    for line in re.split(r"\r\n|\n|\r", log):
        if token:
            token = "" if line.strip() == f"::{token}::" else token
            continue
        if match := re.match(r"\s*::([\w-]+)(?: [^:]*)?::(.*)", line):
            found.append((match[1], match[2]))
            token = match[2] if match[1] == "stop-commands" else ""
        else:
            assert "##[" not in line, line
    assert not token, "commands are switched on again in the end"
    return found


def assert_unharmed(ran: Ran) -> None:
    given = commands(ran.log)
    names = {name for name, _ in given}
    assert names <= {"notice", "warning", "error", "group", "endgroup", "stop-commands", "add-mask"}
    assert not [text for _, text in given if text.startswith("pwned")]
    assert set(ran.outputs) <= set(OUTPUTS)
    assert "pwned" not in " ".join(ran.outputs.values())
    assert ran.outputs["failure-reason"] in [str(reason) for reason in FailureReason]
    assert invisible(ran.log) == []
    assert "Traceback" not in ran.log
    assert "unexpected failure" not in ran.log


def usable(texts: Sequence[str], form: str) -> list[str]:
    """The texts that a mesh file may hold where ``form`` has a ``{}``."""

    def valid(text: str) -> bool:
        try:
            load({MESH: HEADER + form.replace("{}", json.dumps(text))})
        except (MeshInvalid, UnicodeError):
            return False
        return True

    return [text for text in texts if valid(text)]


def poisoned(story: Hosted) -> list[str]:
    """Mesh files whose names of environments, and notes, are hostile; twenty of each in one."""
    texts = (*HOSTILE, *COMMANDS, BIDI)
    names = usable(texts, "  {}: []\n")
    vpc = entry(story.vpcs[0]).rstrip("\n")
    notes = usable(texts, "  production:\n" + vpc + "\n      note: {}\n")
    assert len(names) > 60
    assert len(notes) > 90
    assert BIDI in notes
    environments = [
        f"  {json.dumps(name)}:\n"
        + "".join(
            entry(vpc, notes[(2 * index + place) % len(notes)])
            for place, vpc in enumerate(story.vpcs[:2])
        )
        for index, name in enumerate(names)
    ]
    size = 25
    return [
        HEADER + "".join(environments[start : start + size])
        for start in range(0, len(environments), size)
    ]


def test_hostile_names_and_notes_are_text_wherever_they_are_shown(story: Hosted) -> None:
    graphs = 0
    for index, text in enumerate(poisoned(story)):
        number = story.pull({MESH: None, FILE: text}, branch=f"change-{index}")

        ran = story.run("pull_request", {"number": number})

        assert ran.exit_code in (0, 4), ran.log
        assert_unharmed(ran)
        [comment] = story.comments(number)
        assert_only_ours(comment, story.github.url, markers=1)
        assert_only_ours(ran.summary, story.github.url, markers=0)
        graphs += assert_plain_mermaid(comment)
        page = (ran.workspace / ran.outputs["report-html-path"]).read_text("utf-8")
        assert invisible(page) == []
        check = story.checks()[-1]
        told = [check["output"]["title"], check["output"]["summary"]]
        told += [f"{a.get('title', '')} {a['message']}" for a in check["annotations"]]
        assert invisible(" ".join(told)) == []
        assert [a for a in check["annotations"] if a["path"] == FILE]
    assert graphs > 0


def test_a_bidirectional_control_is_made_visible(story: Hosted) -> None:
    number = story.pull({MESH: mesh(*story.vpcs, note=BIDI)})

    ran = story.run("pull_request", {"number": number})

    assert ran.exit_code == 0, ran.log
    assert "abc⟨U+202E⟩def" in story.comments(number)[0]
    assert "abc⟨U+202E⟩def" in ran.summary


EVIL = (
    "@octocat [x](http://evil.example) <img src=x> \u202e\n::error::pwned #1 https://evil.example"
)


def test_tags_and_error_messages_of_aws_are_text(story: Hosted) -> None:
    one, two = story.vpcs[:2]
    ec2 = story.seed.ec2(one.account, one.region)
    made = ec2.create_vpc_peering_connection(
        VpcId=one.id, PeerVpcId=two.id, PeerOwnerId=two.account, PeerRegion=two.region
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    story.seed.ec2(two.account, two.region).accept_vpc_peering_connection(
        VpcPeeringConnectionId=made
    )
    ours = {"peerd_created": "true", "peerd_environment": "production", "service_name": "peerd"}
    for vpc in (one, two):
        story.seed.tag(vpc, made, {**ours, "Name": EVIL, "resource_owner": "::error::pwned"})
    denied = {"action": "DescribeVpcs", "account": ACCOUNTS[2], "error": "UnauthorizedOperation"}
    story.aws.settings(faults=[denied | {"message": EVIL}])
    number = story.pull({MESH: mesh(*story.vpcs)})

    ran = story.run("pull_request", {"number": number})

    assert ran.exit_code == 0, ran.log
    assert_unharmed(ran)
    [comment] = story.comments(number)
    assert_only_ours(comment, story.github.url, markers=1)
    assert "could not be read" in comment
    assert "U+202E" in comment
    assert_only_ours(ran.summary, story.github.url, markers=0)


def test_failures_of_an_apply_are_told_as_text(story: Hosted) -> None:
    number = story.pull({MESH: mesh(*story.vpcs, note=BIDI)})
    assert story.run("pull_request", {"number": number}).exit_code == 0
    story.github.merge(NAME, number)
    denied = {"action": "CreateRoute", "error": "UnauthorizedOperation", "message": EVIL}
    story.aws.settings(faults=[denied])

    ran = story.run("push")

    assert ran.exit_code == 5, ran.log
    assert ran.outputs["failure-reason"] == "partial-apply"
    assert_unharmed(ran)
    [comment] = story.comments(number)
    assert "failed" in comment
    assert_only_ours(comment, story.github.url, markers=1)
    assert_only_ours(ran.summary.replace(comment, ""), story.github.url, markers=0)


def test_an_issue_about_drift_quotes_harmlessly(story: Hosted) -> None:
    name = "@octocat [x](http://evil.example) <img src=x> ::error::pwned #1"
    story.github.push(NAME, "main", {MESH: mesh(*story.vpcs, name=name, note=BIDI)})

    ran = story.run("schedule", permissions=DRIFT_PERMISSIONS)

    assert ran.exit_code == 0, ran.log
    assert_unharmed(ran)
    [issue] = story.issues()
    assert issue["title"] == f"Drift in {name}"
    assert_only_ours(issue["body"], story.github.url, markers=1)
    assert_only_ours(ran.summary, story.github.url, markers=0)


def test_a_failure_to_sign_in_is_told_as_text(story: Hosted) -> None:
    story.aws.settings(
        faults=[{"action": "AssumeRoleWithWebIdentity", "error": "AccessDenied", "message": EVIL}]
    )
    number = story.pull({MESH: mesh(*story.vpcs)})

    role = f"arn:aws:iam::{ACCOUNTS[0]}:role/meshbot-plan"
    ran = story.run("pull_request", {"number": number}, role_to_assume=role, aws_region="eu-west-1")

    assert ran.exit_code == 1
    assert ran.outputs["failure-reason"] == "aws"
    assert_unharmed(ran)
    assert_only_ours(story.comments(number)[0], story.github.url, markers=1)


def test_file_names_that_cannot_be_shown_are_faults(story: Hosted) -> None:
    name = "meshes/a\n::error::pwned\u202e.yaml"
    number = story.pull({name: mesh(*story.vpcs)})

    ran = story.run("pull_request", {"number": number})

    assert ran.exit_code == 3
    assert_unharmed(ran)
    [comment] = story.comments(number)
    assert_only_ours(comment, story.github.url, markers=1)


# --- GitHub's faults


COMMENT = "/issues/\\d+/comments$"
CHECK = "/check-runs$"
FAULTS: dict[str, list[dict[str, Any]]] = {
    "a comment written, its answer lost, and lists that lag": [
        {"kind": "error", "method": "POST", "path": COMMENT, "after_write": True, "lag": 3}
    ],
    "a comment written, the connection lost": [
        {"kind": "drop", "method": "POST", "path": COMMENT, "after_write": True}
    ],
    "a comment that never arrived": [{"kind": "drop", "method": "POST", "path": COMMENT}],
    "a comment whose answer is cut": [{"kind": "cut", "method": "POST", "path": COMMENT}],
    "a comment, and every list lags": [
        {"kind": "lag", "method": "POST", "path": COMMENT, "requests": 2}
    ],
    "a check run written, its answer lost": [
        {"kind": "error", "method": "POST", "path": CHECK, "after_write": True}
    ],
    "a check run whose answer is cut": [{"kind": "cut", "method": "POST", "path": CHECK}],
    "a check run that never arrived": [{"kind": "drop", "method": "POST", "path": CHECK}],
    "lists that are cut": [{"kind": "cut", "method": "GET", "path": COMMENT, "times": 2}],
    "trees that are cut": [{"kind": "cut", "method": "GET", "path": "/git/trees/"}],
    "a viewer that is cut": [{"kind": "cut", "method": "POST", "path": "/graphql$"}],
    "a secondary limit on the comment": [
        {"kind": "rate_limit", "method": "POST", "path": COMMENT, "retry_after": 1}
    ],
    "a secondary limit on the check run": [
        {"kind": "rate_limit", "method": "POST", "path": CHECK, "status": 429, "retry_after": 1}
    ],
    "a secondary limit on reading": [
        {"kind": "rate_limit", "method": "GET", "path": "/git/", "times": 3, "retry_after": 1}
    ],
    "a busy GitHub": [{"kind": "error", "method": "GET", "status": 503, "times": 3}],
}
BROKEN: dict[str, list[dict[str, Any]]] = {
    "comments for good": [{"kind": "error", "path": COMMENT, "times": 0}],
    "check runs for good": [{"kind": "error", "path": "check-runs", "times": 0}],
    "everything cut": [{"kind": "cut", "path": "/repos/", "times": 0}],
    "trees for good": [{"kind": "error", "path": "/git/", "times": 0}],
    "everything for good": [{"kind": "error", "path": "", "times": 0}],
    "a limit that lasts": [
        {"kind": "rate_limit", "method": "POST", "times": 0, "retry_after": 3600}
    ],
}
DENIED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no checks": (
        [{"kind": "forbidden", "path": "check-runs", "times": 0}],
        "checks: write",
    ),
    "no comments": (
        [{"kind": "forbidden", "method": "POST", "path": COMMENT, "times": 0}],
        "pull-requests: write",
    ),
    "comments are not found": (
        [{"kind": "error", "status": 404, "path": COMMENT, "times": 0}],
        "pull-requests: write",
    ),
    "checks are not found": (
        [{"kind": "error", "status": 404, "path": "check-runs", "times": 0}],
        "checks: write",
    ),
    "pull requests are not found": (
        [{"kind": "error", "status": 404, "path": r"/pulls/\d+$", "times": 0}],
        "pull-requests:",
    ),
}


def quick(story: Hosted, monkeypatch: pytest.MonkeyPatch, number: int) -> Ran:
    """A run in this process that does not wait; otherwise as wired."""
    job = story.prepare("pull_request", {"number": number})
    for name, value in story.aws.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(job.workspace)
    out, stop = io.StringIO(), StopFlag()
    context = github.action_context(job.variables)
    files = runner.RunnerFiles(job.variables, out)
    hub = github.connect(job.variables, seconds_between_writes=0, sleep=lambda _: None)
    code = run(context, replace(doors(context, job.variables, files, stop), github=hub))
    return job.ended(code, out.getvalue())


@pytest.fixture
def faulty(
    story: Hosted, service_models_loaded_once: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[Hosted, int, pytest.MonkeyPatch]:
    return story, story.pull({MESH: mesh(*story.vpcs)}), monkeypatch


Faulty = tuple[Hosted, int, pytest.MonkeyPatch]


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_fault_that_passes_leaves_one_comment_and_one_check(
    faulty: Faulty, faults: list[dict[str, Any]]
) -> None:
    story, number, monkeypatch = faulty
    for fault in faults:
        story.github.fault(**fault)

    ran = quick(story, monkeypatch, number)

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["failure-reason"] == ""
    assert_unharmed(ran)
    assert len(story.comments(number)) == 1
    assert len(story.checks()) == 1
    story.github.clear_faults()
    quick(story, monkeypatch, number)
    assert len(story.comments(number)) == 1


@pytest.mark.parametrize("faults", BROKEN.values(), ids=BROKEN)
def test_a_fault_that_stays_ends_with_github_and_without_a_trace(
    faulty: Faulty, faults: list[dict[str, Any]]
) -> None:
    story, number, monkeypatch = faulty
    for fault in faults:
        story.github.fault(**fault)

    ran = quick(story, monkeypatch, number)

    assert ran.exit_code == 1
    assert ran.outputs["failure-reason"] == "github"
    assert_unharmed(ran)
    assert len(story.comments(number)) <= 1
    assert len(story.checks()) <= 1


@pytest.mark.parametrize(("faults", "permission"), DENIED.values(), ids=DENIED)
def test_a_missing_permission_is_said_and_the_rest_is_done(
    faulty: Faulty, faults: list[dict[str, Any]], permission: str
) -> None:
    story, number, monkeypatch = faulty
    for fault in faults:
        story.github.fault(**fault)

    ran = quick(story, monkeypatch, number)

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["failure-reason"] == ""
    assert ran.outputs["has-changes"] == "true"
    assert [text for name, text in commands(ran.log) if name == "notice" and permission in text]
    assert_unharmed(ran)


def test_a_comment_that_somebody_deleted_is_written_anew(faulty: Faulty) -> None:
    story, number, monkeypatch = faulty
    quick(story, monkeypatch, number)
    [comment] = story.github.state(NAME)["comments"]
    story.github.call("delete_comment", name=NAME, comment=comment["id"])

    ran = quick(story, monkeypatch, number)

    assert ran.exit_code == 0, ran.log
    assert len(story.comments(number)) == 1


def test_copied_markers_among_many_comments_are_not_ours(faulty: Faulty) -> None:
    story, number, monkeypatch = faulty
    quick(story, monkeypatch, number)
    [ours] = story.comments(number)
    for _ in range(130):
        story.github.comment(NAME, number, "mallory", ours)

    ran = quick(story, monkeypatch, number)

    assert ran.exit_code == 0, ran.log
    assert len(story.comments(number)) == 1
    assert len(story.github.state(NAME)["comments"]) == 131


def test_a_process_survives_a_lost_answer_too(story: Hosted) -> None:
    story.github.fault("error", method="POST", path=COMMENT, after_write=True, lag=1)
    number = story.pull({MESH: mesh(*story.vpcs)})

    ran = story.run("pull_request", {"number": number})

    assert ran.exit_code == 0, ran.log
    assert_unharmed(ran)
    assert len(story.comments(number)) == 1
