"""A person's laptop: a folder of mesh files, meshbot, and credentials for the emulated AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import run
from bot.emulator.aws import Emulator
from bot.emulator.aws.calls import Call
from bot.emulator.aws.seed import Seed, SeededVpc
from bot.model.address import Scope
from bot.model.mesh import Mesh
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope
from tests.integration.photograph import photograph
from tests.oracle import disagreements, expect

A, B, C = "111111111111", "222222222222", "333333333333"
EAST, WEST = "us-east-1", "eu-west-1"
SCOPES: tuple[Scope, ...] = tuple(scope(a, r) for a in (A, B, C) for r in (EAST, WEST))
ELIGIBLE = {"peerd_eligible": "true"}
PLAN_ROLE, APPLY_ROLE = "peerd-bot-plan", "peerd-bot"

METADATA = {
    "resource_owner": "netops",
    "business_unit": "PaaS",
    "service_name": "peerd",
    "support": "net@example.org",
    "common_principal_name": APPLY_ROLE,
    "role_session_name": "peerd",
    "plan_principal_name": PLAN_ROLE,
}

Files = dict[str, dict[str, Any]]
Members = list[dict[str, Any]]


def member(vpc: SeededVpc, **more: Any) -> dict[str, Any]:
    """A VPC as an environment lists it."""
    return {"account_id": vpc.account, "region": vpc.region, "vpc_id": vpc.id, **more}


def file(metadata: Mapping[str, Any] = METADATA, **environments: Any) -> dict[str, Any]:
    """A mesh file as plain data."""
    return {"metadata": dict(metadata), "environments": environments}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


@dataclass
class Laptop:
    """Runs meshbot in ``folder``. ``files`` are the mesh files as they were written last."""

    aws: Emulator
    seed: Seed
    folder: Path
    capsys: pytest.CaptureFixture[str]
    files: Files = field(default_factory=dict)

    # What is in the world

    def vpc(self, account: str, region: str, cidr: str, **more: Any) -> SeededVpc:
        """A VPC whose main route table is eligible."""
        vpc = self.seed.vpc(account, region, cidr, **more)
        self.seed.tag(vpc, vpc.main_table, ELIGIBLE)
        return vpc

    def vpcs(self, number: int) -> list[SeededVpc]:
        """So many VPCs, 10.0.0.0/16 and on, spread over the accounts and then the Regions."""
        return [
            self.vpc((A, B, C)[n % 3], (EAST, WEST)[n // 3 % 2], f"10.{n}.0.0/16")
            for n in range(number)
        ]

    def world(self) -> World:
        """What exists now, everywhere."""
        return photograph(self.seed, SCOPES)

    def calls(self) -> tuple[Call, ...]:
        """AWS calls since ``forget_calls``."""
        return self.aws.calls()

    def counted(self) -> Counter[str]:
        """How often each action was called."""
        return Counter(call.action for call in self.aws.calls())

    def fault(self, *faults: Mapping[str, Any], **settings: Any) -> None:
        """Set faults and other settings of the emulator; none at all when called without."""
        self.aws.settings(faults=list(faults), **settings)

    # What is in the folder

    def write(self, files: Files) -> None:
        """Make these the mesh files, and remove others."""
        for path in self.files.keys() - files.keys():
            (self.folder / path).unlink()
        for path, data in files.items():
            place = self.folder / path
            place.parent.mkdir(exist_ok=True)
            place.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        self.files = deepcopy(files)

    def mesh(self, **environments: Any) -> None:
        """One mesh file with these environments."""
        self.write({"meshes/mesh.yaml": file(**environments)})

    def paper_mesh(self) -> None:
        """A valid mesh file for what ends before AWS is asked: its VPCs exist nowhere."""
        ends = (SeededVpc(A, EAST, f"vpc-0000000{n}", "", "") for n in range(2))
        self.mesh(production=[member(vpc) for vpc in ends])

    def git(self, *arguments: str) -> str:
        """git in the folder; what it printed."""
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit everything; the commit's id."""
        if not (self.folder / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "state")
        return self.git("rev-parse", "HEAD")

    # What is run

    def run(self, *arguments: str) -> Ran:
        """A command in this process: standard output and error are no terminals."""
        self.capsys.readouterr()
        code = run(arguments)
        told = self.capsys.readouterr()
        return Ran(code, told.out, told.err)

    def ok(self, *arguments: str) -> Ran:
        """A command that must succeed."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """A command as a process of its own."""
        given: dict[str, Any] = {
            "cwd": self.folder,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": environment(),
        }
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "bot", *arguments], **(given | more)
        )

    def wait_for(self, process: subprocess.Popen[str], seconds: float = 30) -> Ran:
        """Let a process end by itself."""
        out, err = process.communicate(timeout=seconds)
        return Ran(process.returncode, out, err)

    def plan(self, *arguments: str) -> Any:
        """The plan as JSON, after the same command said that it is fine."""
        return self.ok("plan", "--format", "json", *arguments).json

    def settled(self, *arguments: str) -> None:
        """Fails unless nothing is left to do."""
        again = self.run("plan", "--detailed-exitcode", *arguments)
        assert again.code == 0, again
        assert "No changes" in again.out

    def converge(self, *arguments: str, base: Files | None = None, more: Sequence[str] = ()) -> Ran:
        """Apply, compare AWS with what the oracle expects, and plan once more: nothing.

        ``arguments`` are those of both commands, ``more`` of apply alone.
        """
        before = self.world()
        ran = self.run("apply", "--yes", *arguments, *more)
        assert ran.code == 0, ran
        expected = expect(self.head, mesh_of(base) if base else None, before)
        assert disagreements(expected, self.world()) == []
        self.settled(*arguments)
        return ran

    @property
    def head(self) -> Mesh:
        """The files as a mesh, read by nothing that is under test."""
        return mesh_of(self.files)


def environment(**more: str) -> dict[str, str]:
    """This process's environment, such that a child finds the package under test."""
    home = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (known, home))), **more}


def live(world: World) -> set[frozenset[str]]:
    """The pairs of VPC ids that have a live peering."""
    return {
        frozenset(end.vpc_id for end in peering.ends)
        for peering in world.peerings.values()
        if peering.live
    }


def destinations(world: World, table: str) -> dict[str, str]:
    """Destination and target of a table's static routes, without local ones."""
    return {
        route.destination: route.target
        for route in world.tables[table].routes
        if route.static and route.target != "local"
    }
