"""A small network on the emulated AWS, and its mesh repository on the emulated GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.emulator import aws, github
from bot.emulator.aws.seed import Seed, SeededVpc
from bot.emulator.github import GitHub
from bot.emulator.runner import Runner

REPOSITORY = "example/network"
MESH_FILE = "meshes/production.yaml"
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("us-east-1", "eu-west-1")
NOTES = ("shop", "payments", "search", "warehouse", "reports", "identity", "archive")

HEADER = """\
metadata:
  resource_owner: network-team
  business_unit: platform
  service_name: network-mesh
  support: network-team@example.com
  common_principal_name: mesh-apply
  plan_principal_name: mesh-plan
  role_session_name: meshbot
environments:
  production:
"""


@dataclass(frozen=True, slots=True)
class Story:
    """What the demo plays on: both emulators, a runner, and the VPCs that were made."""

    aws: aws.Emulator
    github: GitHub
    runner: Runner
    vpcs: tuple[SeededVpc, ...]


@contextmanager
def prepared(folder: Path, vpcs: int = 6) -> Iterator[Story]:
    """Both emulators as processes, and ``vpcs`` VPCs over 3 accounts and 2 regions.

    Each VPC has two route tables that may be changed and one that may not. The repository
    starts empty of members.
    """
    with aws.running() as cloud, github.running(process=True) as hub:
        made = tuple(_vpcs(Seed(cloud), vpcs))
        hub.create_repository(REPOSITORY, {"README.md": "Our network.\n"})
        yield Story(cloud, hub, Runner(cloud, hub, REPOSITORY, folder), made)


def _vpcs(seed: Seed, number: int) -> Iterator[SeededVpc]:
    for i in range(number):
        account = ACCOUNTS[i % len(ACCOUNTS)]
        region = REGIONS[i // len(ACCOUNTS) % len(REGIONS)]
        vpc = seed.vpc(account, region, f"10.{i}.0.0/16")
        seed.tag(vpc, vpc.main_table, {"peerd_eligible": "true"})
        seed.route_table(vpc, {"peerd_eligible": "true"})
        seed.route_table(vpc, {"Name": "not for the mesh"})
        yield vpc


def mesh_file(vpcs: Iterable[SeededVpc]) -> str:
    """A mesh file with these VPCs in one full mesh."""
    members = [
        f"    - account_id: '{vpc.account}'\n"
        f"      region: {vpc.region}\n"
        f"      vpc_id: {vpc.id}\n"
        f"      note: {note}\n"
        for vpc, note in zip(vpcs, NOTES, strict=False)
    ]
    return HEADER + "".join(members)
