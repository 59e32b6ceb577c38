"""Whole conversations by shards: several jobs, one comment, one check run, one verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import SeededVpc
from bot.emulator.github import Job
from bot.emulator.runner import APPLY_PERMISSIONS, PLAN_PERMISSIONS, Ran, Runner
from bot.render.record import read_record
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, REGION, Hosted, hosted, mesh
from tests.integration.test_action_approval import ended, main, peered, peerings, succeeded

EDGE, LABS = "meshes/edge.yaml", "meshes/labs.yaml"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def host(aws_process: Emulator, tmp_path: Path, contract: Contract) -> Iterator[Hosted]:
    """Three environments that share accounts but no VPC; two of three VPCs of each are joined."""
    with hosted(aws_process, tmp_path, contract) as made:
        made.applied()
        for _ in range(6):
            made.vpc()
        made.github.push(NAME, "main", files_of(made, 2))
        made.applied()
        yield made


def files_of(host: Hosted, members: int, note: str = "") -> dict[str, str]:
    vpcs = host.vpcs
    return {
        MESH: mesh(*vpcs[:members], note=note),
        EDGE: mesh(*vpcs[3 : 3 + members], name="edge"),
        LABS: mesh(*vpcs[6 : 6 + members], name="labs"),
    }


@dataclass
class Sharded:
    """One workflow run: the job ``shards``, a job for each entry of its matrix, ``report``."""

    host: Hosted
    event: str
    job: Job
    command: str
    matrix: Sequence[dict[str, Any]] = ()
    jobs: int = 0

    @classmethod
    def plan(cls, host: Hosted, number: int) -> Sharded:
        wanted = {"number": number}
        job = host.github.start_run(NAME, "pull_request", wanted, PLAN_PERMISSIONS)
        return cls(host, "pull_request", job, "plan").divided()

    @classmethod
    def apply(cls, host: Hosted) -> Sharded:
        job = host.github.start_run(NAME, "push", None, APPLY_PERMISSIONS)
        return cls(host, "push", job, "apply").divided()

    def divided(self) -> Sharded:
        asked = len(self.host.aws.calls())
        ran = self.run("shards", command="shards")
        ended(ran, 0)
        assert len(self.host.aws.calls()) == asked, "AWS is not asked"
        self.matrix = json.loads(ran.outputs["matrix"])["include"]
        return self

    def run(self, name: str, **inputs: str) -> Ran:
        self.jobs += 1
        runner = Runner(self.host.aws, self.host.github, NAME, self.host.folder)
        return runner.one_of(self.job, f"{name}-{self.jobs}", inputs)

    def shard(self, number: int) -> Ran:
        entry = self.matrix[number - 1]
        return self.run(
            f"{self.command}-{entry['shard']}",
            command=self.command,
            shard=entry["shard"],
            environments=entry["environments"],
        )

    def report(self) -> Ran:
        return self.run("report", command="report")

    def everything(self) -> Ran:
        for number in range(1, len(self.matrix) + 1):
            ended(self.shard(number), 0)
        return self.report()

    def again(self) -> None:
        """Another attempt of the same run: of the jobs that failed."""
        self.job = self.host.github.rerun(NAME, self.job.run_id, APPLY_PERMISSIONS)


def reviewed(host: Hosted, files: dict[str, Any]) -> int:
    number = host.pull(files)
    ran = Sharded.plan(host, number).everything()
    assert ran.exit_code in (0, 4), ran.log
    return number


def plain(markdown: str) -> str:
    """Without the quoting of Markdown."""
    return markdown.replace("`", "")


def joined(host: Hosted) -> list[bool]:
    """Of each environment, whether its third VPC is connected with its first."""
    return [peered(host, host.vpcs[first], host.vpcs[first + 2]) for first in (0, 3, 6)]


def lose_a_peering(host: Hosted, one: SeededVpc) -> None:
    held = next(
        p
        for p in peerings(host)
        if p["Status"]["Code"] == "active"
        and one.id in (p["RequesterVpcInfo"]["VpcId"], p["AccepterVpcInfo"]["VpcId"])
    )
    owner = next(v for v in host.vpcs if v.id == held["RequesterVpcInfo"]["VpcId"])
    host.seed.ec2(owner.account, REGION).delete_vpc_peering_connection(
        VpcPeeringConnectionId=held["VpcPeeringConnectionId"]
    )


def test_three_shards_of_a_plan_lead_to_one_comment_and_one_check(host: Hosted) -> None:
    number = host.pull(files_of(host, 3, note="a | hostile <b>note</b>"))
    whole = host.run("pull_request", {"number": number})
    (alike,) = host.comments(number)
    before = len(host.checks())
    plan = Sharded.plan(host, number)

    codes = [plan.shard(n).exit_code for n in (1, 2, 3)]
    silent = (host.comments(number), len(host.checks()))
    told = plan.report()

    assert [entry["environments"] for entry in plan.matrix] == ["edge", "labs", "production"]
    assert codes == [0, 0, 0]
    assert silent == ([alike], before), "shards write neither comment nor check run"
    ended(told, 0)
    assert told.outputs["fingerprint"] == whole.outputs["fingerprint"]
    (comment,) = host.comments(number)
    this, that = (f"/runs/{run}/" for run in (plan.job.run_id, whole.run_id))
    assert comment.replace(this, that) == alike, "it is the one that a run without shards writes"
    assert len(host.checks()) == before + 1
    record = read_record(host.checks()[-1]["output"]["text"])
    assert record
    assert host.checks()[-1]["conclusion"] == "success"
    assert record.fingerprint == told.outputs["fingerprint"]
    assert sorted(record.fingerprints) == ["edge", "labs", "production"]


def test_three_shards_of_an_apply_lead_to_one_outcome(host: Hosted) -> None:
    number = reviewed(host, files_of(host, 3))
    host.github.merge(NAME, number)
    apply = Sharded.apply(host)

    first = apply.shard(2)
    alone, planned = joined(host), host.comments(number)[0]
    others = [apply.shard(n).exit_code for n in (1, 3)]
    verdict = apply.report()

    ended(first, 0)
    assert alone == [False, False, True], "a shard touches its own environments alone"
    assert "### Plan: " in planned
    assert others == [0, 0]
    ended(verdict, 0)
    assert joined(host) == [True, True, True]
    assert len(host.comments(number)) == 1
    assert "### Applied: 18 added" in host.comments(number)[0]
    for name in ("edge", "labs", "production"):
        assert succeeded(host, name)[-1] == main(host)


def test_a_shard_that_is_missing_fails_the_check_and_nothing_is_applied(host: Hosted) -> None:
    number = host.pull(files_of(host, 3))
    plan = Sharded.plan(host, number)
    for n in (1, 3):
        ended(plan.shard(n), 0)

    told = plan.report()
    check = host.checks()[-1]
    late = plan.shard(2)
    mended = plan.report()

    ended(told, 1, "error")
    assert check["conclusion"] == "failure"
    assert "2-of-3" in plain(check["output"]["summary"])
    assert read_record(check["output"]["text"] or "") is None
    ended(late, 0)
    ended(mended, 0)
    assert len(host.comments(number)) == 1
    assert host.checks()[-1]["conclusion"] == "success"


def test_one_shard_that_fails_leaves_the_others_applied_and_is_run_again(host: Hosted) -> None:
    number = reviewed(host, files_of(host, 3))
    host.github.merge(NAME, number)
    apply = Sharded.apply(host)

    ended(apply.shard(1), 0)
    host.aws.settings(faults=[{"action": "CreateRoute", "error": "UnauthorizedOperation"}])
    failed = apply.shard(2)
    host.aws.settings(faults=[])
    died = apply.report()
    partly = host.comments(number)[0]
    ended(apply.shard(3), 0)
    told = apply.report()
    apply.again()
    again = apply.shard(2)
    finished = apply.report()

    ended(failed, 5, "partial-apply")
    ended(died, 5, "partial-apply")
    assert "Missing: 3-of-3" in plain(partly)
    ended(told, 5, "partial-apply")
    assert "Missing" not in plain(told.summary)
    ended(again, 0)
    ended(finished, 0)
    assert joined(host) == [True, True, True]
    assert len(host.comments(number)) == 1
    assert "### Applied: " in host.comments(number)[0]
    assert "Missing" not in host.comments(number)[0]


def test_one_shard_that_is_refused_does_not_stop_the_others(host: Hosted) -> None:
    number = reviewed(host, files_of(host, 3))
    lose_a_peering(host, host.vpcs[3])
    host.github.merge(NAME, number)
    apply = Sharded.apply(host)

    codes = [apply.shard(n).exit_code for n in (1, 2, 3)]
    told = apply.report()

    assert codes == [4, 0, 0]
    ended(told, 4, "stale-plan")
    assert joined(host) == [True, False, True]
    assert len(host.comments(number)) == 1
    assert "Refused: `edge` was not applied. The rest was applied." in host.comments(number)[0]
    assert "New since the review" in host.comments(number)[0]


def test_a_shard_over_its_limits_fails_the_one_check_until_it_is_approved(host: Hosted) -> None:
    files = files_of(host, 3) | {EDGE: mesh(name="edge").replace('"edge":\n', '"edge": []\n')}
    number = host.pull(files)
    host.github.call("set_role", name=NAME, login="carol", role="write")

    told = Sharded.plan(host, number).everything()
    check = host.checks()[-1]
    body = f"meshbot approve {told.outputs['fingerprint'][:12]}"
    made = host.github.review(NAME, number, "carol", body=body)
    ended(host.run("pull_request_review", {"number": number, "review": made}), 0)

    ended(told, 4, "limits")
    assert check["conclusion"] == "failure"
    record = read_record(check["output"]["text"])
    assert record
    assert record.refused == ("edge",)
    assert host.checks()[-1]["conclusion"] == "success"
    host.github.merge(NAME, number)
    ended(Sharded.apply(host).everything(), 0)
    assert not peered(host, host.vpcs[3], host.vpcs[4])


def test_a_shard_that_is_not_as_it_was_left_is_refused(host: Hosted) -> None:
    number = host.pull(files_of(host, 3))
    plan = Sharded.plan(host, number)
    first, second, _ = (left_by(plan.shard(n)) for n in (1, 2, 3))
    changes = second["plan"]["changes"]
    forgeries = {
        "hidden": second | {"plan": second["plan"] | {"changes": changes[1:]}},
        "swapped": first,
        "of other files": second | {"meshes": "0" * 64},
        "of another form": second | {"more": 1},
        "for others": second | {"environments": ["edge", "labs"]},
        "of nothing": second | {"plan": None},
    }

    for forgery in forgeries.values():
        content = {"shard.json": json.dumps(forgery).encode()}
        host.github.upload_artifact(NAME, plan.job.run_id, "meshbot-shard-2-of-3", content)
        ended(plan.report(), 1, "error")

    assert len(host.checks()) == len(forgeries)
    for name, check in zip(forgeries, host.checks(), strict=True):
        assert check["conclusion"] == "failure", name
        assert read_record(check["output"]["text"] or "") is None, name


def left_by(ran: Ran) -> dict[str, Any]:
    left: dict[str, Any] = json.loads((ran.workspace / ran.outputs["shard-path"]).read_text())
    return left


def test_a_pull_request_without_a_mesh_change_has_an_empty_matrix_and_its_check(
    host: Hosted,
) -> None:
    number = host.pull({"README.md": "Other words.\n"})
    job = host.github.start_run(NAME, "pull_request", {"number": number}, PLAN_PERMISSIONS)
    run = Sharded(host, "pull_request", job, "plan")

    shards = run.run("shards", command="shards")
    told = run.report()

    ended(shards, 0)
    assert shards.outputs["matrix"] == ""
    ended(told, 0)
    assert host.checks()[-1]["output"]["title"] == "No mesh changes"
    assert host.comments(number) == []
