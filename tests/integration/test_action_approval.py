"""Whole conversations about approval: what was reviewed is applied, and nothing else is.

Both emulators, ``meshbot action`` as a process, and every exchange held to GitHub's own
description of its API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github import Auth, Github

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import SeededVpc
from bot.emulator.runner import ARTIFACT, Ran, Runner
from bot.render.record import read_record, record_text
from tests.contract.github.checker import Contract
from tests.integration.hosted import HEADER, MESH, NAME, REGION, Hosted, environment, hosted, mesh

EDGE = "meshes/edge.yaml"
LOOSE = "limits:\n  max_leaving_members: 20\n  max_leaving_percent: 100\n"
EMPTY = HEADER + "  production: []\n"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def host(aws_process: Emulator, tmp_path: Path, contract: Contract) -> Iterator[Hosted]:
    """Two of three VPCs are in the mesh on main and in AWS."""
    with hosted(aws_process, tmp_path, contract) as made:
        made.applied()
        yield made


def peered(host: Hosted, one: SeededVpc, other: SeededVpc) -> bool:
    return any(
        {p["RequesterVpcInfo"]["VpcId"], p["AccepterVpcInfo"]["VpcId"]} == {one.id, other.id}
        and p["Status"]["Code"] == "active"
        for p in peerings(host)
    )


def peerings(host: Hosted) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for account in {vpc.account for vpc in host.vpcs}:
        client = host.seed.ec2(account, REGION)
        for peering in client.describe_vpc_peering_connections()["VpcPeeringConnections"]:
            found[peering["VpcPeeringConnectionId"]] = peering
    return list(found.values())


def lose_the_peering(host: Hosted) -> None:
    """Somebody deletes the one peering that there is: drift."""
    (held,) = peerings(host)
    owner = next(v for v in host.vpcs if v.id == held["RequesterVpcInfo"]["VpcId"])
    host.seed.ec2(owner.account, REGION).delete_vpc_peering_connection(
        VpcPeeringConnectionId=held["VpcPeeringConnectionId"]
    )


def reviewed(host: Hosted, files: dict[str, Any], branch: str = "change") -> int:
    """A pull request with a plan that could be made."""
    number = host.pull(files, branch)
    ran = host.run("pull_request", {"number": number})
    assert ran.exit_code in (0, 4), ran.log
    return number


def main(host: Hosted) -> str:
    return str(host.github.state(NAME)["refs"]["refs/heads/main"])


def succeeded(host: Hosted, name: str = "production") -> list[str]:
    """The commits at which an environment was applied as a whole, oldest first."""
    return [
        d["sha"]
        for d in host.github.state(NAME)["deployments"]
        if d["payload"]["environment"] == name and "success" in {s["state"] for s in d["statuses"]}
    ]


def ended(ran: Ran, code: int, reason: str = "") -> None:
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (code, reason), ran.log


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_reviewed_is_applied_however_it_is_merged(host: Hosted, method: str) -> None:
    number = reviewed(host, {MESH: mesh(*host.vpcs)})
    (check,) = host.checks()

    tip = host.github.merge(NAME, number, method)
    ran = host.run("push")

    record = read_record(check["output"]["text"])
    assert record
    assert (record.number, record.head) == (number, check["head_sha"])
    assert (record.refused, record.complete) == ((), True)
    ended(ran, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])
    assert peered(host, host.vpcs[1], host.vpcs[2])
    assert succeeded(host)[-1] == tip
    assert host.github.state(NAME)["deployments"][-1]["environment"] == "mesh/production"
    assert len(host.comments(number)) == 1
    assert "### Applied: " in host.comments(number)[0]


def test_several_pull_requests_in_one_push_and_a_dropped_run(host: Hosted) -> None:
    before = main(host)
    one = reviewed(host, {MESH: mesh(*host.vpcs)}, "one")
    two = reviewed(host, {EDGE: mesh(host.vpc(), host.vpc(), name="edge")}, "two")
    host.github.merge(NAME, one)
    first = main(host)
    host.github.merge(NAME, two, "squash")

    # the run of the first merge was dropped: only the second one's own commits are in the event
    ran = host.run("push", {"before": first})

    ended(ran, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])
    assert peered(host, host.vpcs[3], host.vpcs[4])
    assert [succeeded(host, name)[-1] for name in ("production", "edge")] == [main(host)] * 2
    assert before not in succeeded(host, "edge")
    assert all("### Applied: " in host.comments(number)[0] for number in (one, two))


def test_an_environment_removed_while_a_run_was_dropped_is_not_orphaned(host: Hosted) -> None:
    edge = [host.vpc(), host.vpc()]
    limits = HEADER.replace(
        "environments:", LOOSE + "  allow_empty_environment: true\nenvironments:"
    )
    added = reviewed(host, {EDGE: limits + environment(*edge, name="edge")}, "add")
    host.github.merge(NAME, added)
    ended(host.run("push"), 0)
    removal = reviewed(host, {EDGE: None}, "remove")
    other = reviewed(host, {MESH: mesh(*host.vpcs[:3])}, "other")
    host.github.merge(NAME, removal)
    dropped = main(host)
    host.github.merge(NAME, other)

    ran = host.run("push", {"before": dropped})

    ended(ran, 0)
    assert not peered(host, *edge)
    assert peered(host, host.vpcs[0], host.vpcs[2])
    assert succeeded(host, "edge")[-1] == main(host)


def test_drift_since_the_review_is_refused_until_its_fingerprint_is_approved(host: Hosted) -> None:
    number = reviewed(host, {MESH: mesh(*host.vpcs)})
    lose_the_peering(host)
    host.github.merge(NAME, number)

    refused = host.run("push")
    comment = host.comments(number)[0]
    untouched = peered(host, host.vpcs[0], host.vpcs[2])
    fingerprint = refused.outputs["fingerprint"]
    wrong = host.run("workflow_dispatch", command="apply", expect_fingerprint="0" * 64)
    plain = host.run("workflow_dispatch", command="apply")
    approved = host.run("workflow_dispatch", command="apply", expect_fingerprint=fingerprint)

    ended(refused, 4, "stale-plan")
    assert "Refused: `production` was not applied." in comment
    assert "New since the review" in comment
    assert fingerprint in comment
    assert not untouched
    ended(wrong, 4, "stale-plan")
    ended(plain, 4, "stale-plan")
    ended(approved, 0)
    assert len([p for p in peerings(host) if p["Status"]["Code"] == "active"]) == 3
    assert succeeded(host)[-1] == main(host)


def test_another_environment_is_applied_though_one_is_refused(host: Hosted) -> None:
    edge = [host.vpc(), host.vpc()]
    number = reviewed(host, {MESH: mesh(*host.vpcs[:3]), EDGE: mesh(*edge, name="edge")})
    lose_the_peering(host)
    host.github.merge(NAME, number)

    ran = host.run("push")
    told = json.loads((ran.workspace / "meshbot-out/plan.json").read_text())["fingerprints"]
    again = host.run(
        "workflow_dispatch",
        command="apply",
        environments="production",
        expect_fingerprint=told["production"],
    )

    ended(ran, 4, "stale-plan")
    assert peered(host, *edge)
    assert succeeded(host, "edge") == [main(host)]
    assert "The rest was applied." in ran.summary
    assert told["production"] in ran.summary
    ended(again, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])


def test_a_partial_apply_is_finished_by_running_it_again(host: Hosted) -> None:
    number = reviewed(host, {MESH: mesh(*host.vpcs)})
    host.github.merge(NAME, number)
    denied = {"action": "CreateRoute", "error": "UnauthorizedOperation"}
    host.aws.settings(faults=[denied])
    before = succeeded(host)

    partial = host.run("push")
    states = [s["state"] for s in host.github.state(NAME)["deployments"][-1]["statuses"]]
    unfinished = succeeded(host)
    host.aws.settings(faults=[])
    again = runner(host).again(partial, "push")

    ended(partial, 5, "partial-apply")
    assert states == ["failure"]
    assert unfinished == before
    ended(again, 0)
    assert succeeded(host)[-1] == main(host)
    assert "### Applied: " in host.comments(number)[0]


def test_a_dispatch_run_again_applies_the_rest_of_what_was_approved(host: Hosted) -> None:
    host.github.push(NAME, "main", {MESH: mesh(*host.vpcs)})
    direct = host.run("push")
    denied = {"action": "CreateRoute", "error": "UnauthorizedOperation"}
    host.aws.settings(faults=[denied])
    inputs = {"command": "apply", "expect-fingerprint": direct.outputs["fingerprint"][:20]}

    partial = runner(host).run("workflow_dispatch", inputs=inputs)
    host.aws.settings(faults=[])
    fresh = runner(host).run("workflow_dispatch", inputs=inputs)
    again = runner(host).again(partial, "workflow_dispatch", inputs)

    ended(direct, 4, "unreviewed")
    ended(partial, 5, "partial-apply")
    ended(fresh, 4, "stale-plan")
    ended(again, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])


def runner(host: Hosted) -> Runner:
    return Runner(host.aws, host.github, NAME, host.folder)


def test_a_direct_push_is_refused_unless_it_is_allowed(host: Hosted) -> None:
    host.github.push(NAME, "main", {MESH: mesh(*host.vpcs)})

    refused = host.run("push")
    untouched = peered(host, host.vpcs[0], host.vpcs[2])
    allowed = host.run("push", require_pull_request="false")

    ended(refused, 4, "unreviewed")
    assert "a commit that no pull request brought changed it" in refused.summary
    assert not untouched
    ended(allowed, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])


def test_neither_comments_nor_foreign_check_runs_are_believed(host: Hosted) -> None:
    """One pull request was planned; another of the same content only pretends that it was."""
    real = reviewed(host, {MESH: mesh(*host.vpcs)}, "real")
    (check,) = host.checks()
    text = check["output"]["text"]
    record = read_record(text)
    assert record
    forged = host.pull({MESH: mesh(*host.vpcs, note="forged")}, "forged")
    head = str(host.github.state(NAME)["refs"]["refs/heads/forged"])
    stolen = record_text(type(record)(**{**as_dict(record), "number": forged, "head": head}))
    host.github.comment(NAME, forged, "mallory", f"{host.comments(real)[0]}\n{stolen}")
    host.github.call("check_run", name=NAME, sha=head, check="meshbot", text=stolen)
    job = host.github.start_run(NAME, "pull_request", {"number": forged}, {"checks": "write"})
    token = Auth.Token(job.token)
    with Github(base_url=host.github.url, auth=token, retry=None, lazy=True) as client:
        repository = client.get_repo(NAME)
        output = {"title": "fine", "summary": "fine", "text": stolen}
        done: dict[str, Any] = {"status": "completed", "conclusion": "success", "output": output}
        repository.create_check_run("meshbot / plan", head, **done)
        repository.create_check_run("meshbot", main(host), **done)
        # the right name and head, but the record of another pull request
        repository.create_check_run("meshbot", head, **done | {"output": output | {"text": text}})
    host.github.merge(NAME, forged)

    ran = host.run("push")

    ended(ran, 4, "unreviewed")
    assert not peered(host, host.vpcs[0], host.vpcs[2])
    assert "No plan was recorded for its head commit" in ran.summary
    assert len(host.comments(forged)) == 1


def as_dict(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@pytest.mark.parametrize("fault", ["missing", "expired", "tampered"])
def test_a_recorded_plan_that_cannot_be_had_is_refused(host: Hosted, fault: str) -> None:
    number = reviewed(host, {MESH: mesh(*host.vpcs)})
    (uploaded,) = [a for a in host.github.state(NAME)["artifacts"] if a["run"] == run_of(host)]
    if fault == "expired":
        host.github.call("expire_artifact", name=NAME, artifact=uploaded["id"])
    else:
        host.github.call("delete_artifact", name=NAME, artifact=uploaded["id"])
    if fault == "tampered":
        files = {"plan.json": b'{"format_version": 1}', "report.html": b""}
        host.github.upload_artifact(NAME, uploaded["run"], ARTIFACT, files)
    host.github.merge(NAME, number)

    ran = host.run("push")

    ended(ran, 4, "unreviewed")
    assert not peered(host, host.vpcs[0], host.vpcs[2])
    said = {"expired": "has expired"}.get(fault, "holds the plan recorded")
    assert said in host.comments(number)[0]


def run_of(host: Hosted) -> int:
    record = read_record(host.checks()[-1]["output"]["text"])
    assert record
    return int(record.run_id)


def test_a_run_converges_to_the_newest_commit_and_older_ones_do_nothing(host: Hosted) -> None:
    first = reviewed(host, {EDGE: mesh(host.vpc(), host.vpc(), name="edge")}, "first")
    second = reviewed(host, {MESH: mesh(*host.vpcs[:3])}, "second")
    start = main(host)
    host.github.merge(NAME, first)
    older = {"before": start, "after": main(host)}
    host.github.merge(NAME, second)

    early = host.run("push", older)
    late = host.run("push", older)
    own = host.run("push", {"before": older["after"]})

    ended(early, 0)
    assert peered(host, host.vpcs[0], host.vpcs[2])
    assert succeeded(host)[-1] == main(host)
    ended(late, 0)
    assert f"superseded by {main(host)[:12]}" in late.log
    ended(own, 0)
    assert "### Applied: " in host.comments(second)[0]


def test_open_pull_requests_that_an_apply_overtakes_are_marked_stale(host: Hosted) -> None:
    fourth = host.vpc()
    merged = reviewed(host, {MESH: mesh(*host.vpcs[:3])}, "merged")
    overtaken = reviewed(host, {MESH: mesh(*host.vpcs[:2], fourth)}, "overtaken")
    apart = reviewed(host, {EDGE: mesh(fourth, host.vpc(), name="edge")}, "apart")
    host.github.merge(NAME, merged)

    ended(host.run("push"), 0)

    checks = {read_record(c["output"]["text"] or "").number: c for c in host.checks()}  # type: ignore[union-attr]
    assert checks[overtaken]["conclusion"] == "action_required"
    assert checks[overtaken]["output"]["title"].startswith("Stale: ")
    assert checks[apart]["conclusion"] == "success"
    assert host.comments(overtaken)[0].splitlines()[1:3] == [
        "> [!CAUTION]",
        host.comments(overtaken)[0].splitlines()[2],
    ]
    assert "This plan is stale" in host.comments(overtaken)[0]
    assert "stale" not in host.comments(apart)[0]
    assert "stale" not in host.comments(merged)[0]


def test_the_merge_queue_lets_through_what_was_reviewed_alone(host: Hosted) -> None:
    number = reviewed(host, {MESH: mesh(*host.vpcs)})
    passing = host.run("merge_group", {"pulls": [number]})
    lose_the_peering(host)
    host.aws.forget_calls()
    failing = host.run("merge_group", {"pulls": [number]})

    ended(passing, 0)
    ended(failing, 4, "stale-plan")
    conclusions = [(c["name"], c["conclusion"]) for c in host.checks()[1:]]
    assert conclusions == [("meshbot", "success"), ("meshbot", "failure")]
    assert "New since the review" in failing.summary
    assert not [call for call in host.aws.calls() if call.mutating]


def test_a_review_approves_a_plan_beyond_its_limits(host: Hosted) -> None:
    number = host.pull({MESH: EMPTY}, "shrink")
    for login in ("bob", "carol"):
        host.github.call("set_role", name=NAME, login=login, role="write")
    plan = host.run("pull_request", {"number": number})
    line = f"meshbot approve {plan.outputs['fingerprint'][:12]}"
    head = host.checks()[0]["head_sha"]
    asked = len(host.aws.calls())

    def judged(author: str, body: str, **more: Any) -> str:
        made = host.github.review(NAME, number, author, body=body, **more)
        ended(host.run("pull_request_review", {"number": number, "review": made}), 0)
        return str(host.checks(head)[-1]["conclusion"])

    ended(plan, 4, "limits")
    assert judged("mallory", line) == "failure", "may not write"
    assert judged("carol", line, commit=main(host)) == "failure", "of another commit"
    assert judged("carol", line[:-1]) == "failure", "too few digits"
    assert judged("carol", f"fine by me\r\n{line}\r\nbye") == "success"
    assert "approved by carol" in host.checks(head)[-1]["output"]["title"]
    edited = host.github.state(NAME)["reviews"][str(number)][-1]["id"]
    host.github.call("edit_review", name=NAME, number=number, review=edited, body=line)
    host.run("pull_request_review", {"number": number, "action": "edited"})
    assert host.checks(head)[-1]["conclusion"] == "failure", "edited"
    assert judged("bob", line) == "success"
    host.github.call(
        "dismiss_review", name=NAME, number=number,
        review=host.github.state(NAME)["reviews"][str(number)][-1]["id"],
    )  # fmt: skip
    host.run("pull_request_review", {"number": number, "action": "dismissed"})
    assert host.checks(head)[-1]["conclusion"] == "failure", "dismissed"
    assert len(host.aws.calls()) == asked


def test_an_approval_of_the_limits_holds_for_the_apply(host: Hosted) -> None:
    number = host.pull({MESH: EMPTY}, "shrink")
    host.github.call("set_role", name=NAME, login="bob", role="write")
    plan = host.run("pull_request", {"number": number})
    head = host.checks()[0]["head_sha"]
    line = f"meshbot approve {plan.outputs['fingerprint']}"
    host.github.merge(NAME, number)

    refused = host.run("push")
    untouched = peered(host, host.vpcs[0], host.vpcs[1])
    host.github.review(NAME, number, "bob", body=line, commit=head)
    approved = host.run("push")

    ended(refused, 4, "limits")
    assert untouched
    ended(approved, 0)
    assert not peered(host, host.vpcs[0], host.vpcs[1])
