"""Large mesh files as text: the same for the same arguments, with nothing random in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

ACCOUNTS = tuple(str(111_111_111_111 + number) for number in range(100))
REGIONS = (
    "us-east-1",
    "eu-west-1",
    "ap-southeast-2",
    "us-west-2",
    "eu-central-1",
    "ap-northeast-1",
    "ca-central-1",
    "sa-east-1",
    "eu-north-1",
    "ap-south-1",
)

METADATA = """\
metadata:
  resource_owner: myname
  business_unit: PaaS
  service_name: peerd
  support: network-team@acme.org
  common_principal_name: peerd-bot
  role_session_name: peerd
environments:
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A VPC of a benchmark, named by its number."""

    number: int
    account: str
    region: str

    @property
    def vpc_id(self) -> str:
        """In AWS's form."""
        return f"vpc-{self.number:017x}"


def cidr_block_of(vpc_id: str) -> str:
    """A /24 of 10.0.0.0/8 for each VPC of a benchmark: no two overlap."""
    number = int(vpc_id.removeprefix("vpc-"), 16)
    return f"10.{number // 256}.{number % 256}.0/24"


def places(count: int, accounts: int = 10, regions: int = 3) -> tuple[Place, ...]:
    """VPCs spread evenly over accounts by regions."""
    scopes = list(product(ACCOUNTS[:accounts], REGIONS[:regions]))
    return tuple(Place(number, *scopes[number % len(scopes)]) for number in range(count))


def mesh_file(environments: Iterable[tuple[str, Iterable[Place]]]) -> str:
    """A mesh file with these environments, each a full mesh in peerd's form."""
    lines = [METADATA]
    for name, members in environments:
        lines.append(f"  {name}:\n")
        lines += [
            f"    - account_id: '{place.account}'\n"
            f"      region: {place.region}\n"
            f"      vpc_id: {place.vpc_id}\n"
            f"      note: service {place.number}\n"
            for place in members
        ]
    return "".join(lines)


def without_last_member(text: str) -> str:
    """A mesh file as it was before the last member of its last environment joined."""
    return text[: text.rindex("    - account_id:")]


def full_mesh(vpcs: int) -> str:
    """One environment over 10 accounts by 3 regions."""
    return mesh_file([("production", places(vpcs))])


def wide_mesh(scopes: int) -> str:
    """A VPC in each of ``scopes`` scopes, ten regions an account; an environment an account."""
    every = places(scopes, scopes // 10, 10)
    return mesh_file(
        (f"env-{number:02d}", every[number * 10 : (number + 1) * 10])
        for number in range(scopes // 10)
    )


def apart(environments: int, vpcs: int = 40) -> str:
    """Environments that share no VPC."""
    every = places(environments * vpcs)
    return mesh_file(
        (f"env-{number:02d}", every[number * vpcs : (number + 1) * vpcs])
        for number in range(environments)
    )


def shared(environments: int, vpcs: int = 40, new: int = 10) -> str:
    """Environments of which each shares all but ``new`` of its VPCs with the one before."""
    every = places((environments - 1) * new + vpcs)
    return mesh_file(
        (f"env-{number:02d}", every[number * new : number * new + vpcs])
        for number in range(environments)
    )


MESHES: dict[str, Callable[[int], str]] = {
    "full": full_mesh,
    "apart": apart,
    "shared": shared,
    "wide": wide_mesh,
}
"""A mesh of each sort, by name and size."""
