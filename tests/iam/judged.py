"""A world for the judge: every way in which an apply changes something, and what it may not touch.

a (ONE, east)  d (ONE, east)  b (TWO, east)  c (TWO, west)    environment work, a full mesh
a-b ours, tags lacking on one side, missing on the other      b-c ours, requested, not accepted
a-c nobody's, adopted                                         d with a, b, c: to be made
left-a, gone-a ours and wanted by none; gone's account is closed
stranger: a VPC of another organization, peered with a and asking d
other-a nobody's, and no environment wants it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc
from tests.iam.enforcing import enforce, judge
from tests.iam.template import INITIAL, MEMBER, FilledIn
from tests.iam.world import EAST, MESH, ONE, OURS, TOOLING, TWO, World, grouped, role_arn

CLOSED, STRANGER = "333333333333", "444444444444"
WEST = "eu-west-1"
ELIGIBLE = {"peerd_eligible": "true"}

Documents = dict[str, dict[str, Any]]
"""By ``account/name``: ``trust`` and ``policy``."""


def shipped(both: Mapping[str, str] | None = None, **member: Any) -> Documents:
    """Both templates, filled in for the tooling account and the two accounts of the mesh.

    ``both`` are parameters of the two, ``member`` of the member roles alone.
    """
    common = dict(both or {})
    initial = FilledIn.of(INITIAL, Repository="acme/meshes", account=TOOLING, **common)
    arns = {f"{kind}InitialRoleArn": role_arn(TOOLING, _initial(kind)) for kind in _KINDS}
    given = {**arns, "MeshAccounts": [ONE, TWO, CLOSED], **common, **member}
    found = {f"{TOOLING}/{_initial(kind)}": _role(initial, kind) for kind in _KINDS}
    for account in (ONE, TWO):
        filled = FilledIn.of(MEMBER, account=account, **given)
        found |= {f"{account}/mesh-{kind.lower()}": _role(filled, kind) for kind in _KINDS}
    return found


_KINDS = ("Plan", "Apply")


def _initial(kind: str) -> str:
    return f"meshbot-{kind.lower()}"


def _role(template: FilledIn, kind: str) -> dict[str, Any]:
    role = f"{kind}Role"
    return {
        "trust": deepcopy(template.trust_document(role)),
        "policy": deepcopy(template.document(role)),
    }


def without(documents: Documents, sid: str, part: str = "") -> Documents:
    """Without the statement of this name, or without its condition (an operator of it)."""
    changed = deepcopy(documents)
    found = 0
    for document in (d for role in changed.values() for d in role.values()):
        for statement in [s for s in document["Statement"] if s["Sid"] == sid]:
            found += 1
            if not part:
                document["Statement"].remove(statement)
            else:
                del statement["Condition"][part]
    assert found
    return changed


@dataclass
class Judged:
    """The world under the judge."""

    world: World
    seed: Seed
    a: SeededVpc
    d: SeededVpc
    untouchable: str
    """A route table of a that is not eligible."""
    unmarked: str
    """a's peering with another VPC of the account, which nobody marked."""
    strangers: str
    """a's peering with a stranger, which nobody marked."""
    asked: str
    """A request of the stranger to d."""
    group: str
    """A security group of a."""
    rule: str
    """A rule of it that is not ours."""
    _roles: Documents = field(default_factory=dict)

    @classmethod
    def build(cls, aws: Emulator, documents: Documents | None = None) -> Judged:
        """As the module says; with no documents, the shipped ones."""
        judge(aws, {})
        enforce(aws, on=False)
        aws.reset()
        seed = Seed(aws)
        a, d = (seed.vpc(ONE, EAST, f"10.{n}.0.0/16", dns_hostnames=True) for n in (1, 4))
        b, c = (
            seed.vpc(TWO, region, f"10.{n}.0.0/16", dns_hostnames=True)
            for n, region in ((2, EAST), (3, WEST))
        )
        left, gone = seed.vpc(ONE, EAST, "10.8.0.0/16"), seed.vpc(CLOSED, EAST, "10.9.0.0/16")
        other = seed.vpc(ONE, EAST, "10.7.0.0/16")
        stranger = seed.vpc(STRANGER, EAST, "10.66.0.0/16")
        for vpc in (a, b, c, d):
            seed.tag(vpc, vpc.main_table, ELIGIBLE)
        standing = seed.peering(a, b, requester_tags=OURS)
        seed.peering(a, c)
        seed.peering(b, c, requester_tags=OURS, status="pending-acceptance")
        leaving = seed.peering(left, a, accepter_tags=OURS)
        seed.peering(gone, a, requester_tags=OURS, accepter_tags=OURS)
        seed.route(a, a.main_table, "10.4.0.0/16", leaving)  # moves to the peering with d
        seed.route(a, a.main_table, "10.8.0.0/16", leaving)
        aws.settings(unassumable=[CLOSED])
        mesh = MESH.format(one=ONE, two=TWO, a=a.id, b=b.id, c=c.id, left=left.id)
        mesh = mesh.replace("full-mesh", "full-mesh\n    adopt: true") + "".join(
            _member(vpc, state) for vpc, state in ((d, ""), (gone, ", state: abandoned"))
        )
        mesh = mesh.replace(f"us-east-1, vpc_id: {c.id}", f"{WEST}, vpc_id: {c.id}")
        mesh += grouped(seed, a, b)
        group = seed.group(a, "other")
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.66.0.0/16"}]}
        made = cls(
            World(aws, mesh, standing, a.main_table),
            seed,
            a,
            d,
            seed.route_table(a),
            seed.peering(other, a),
            seed.peering(a, stranger),
            seed.peering(stranger, d, status="pending-acceptance"),
            group,
            seed.group_rule(a, group, everything),
        )
        made.appoint(documents or shipped())
        return made

    def appoint(self, documents: Documents) -> None:
        """Judge by these policies from now on."""
        self._roles = documents
        judge(self.world.aws, documents)

    def session(self, kind: str, account: str = ONE, **more: Any) -> Any:
        """EC2 through the initial and the member role of a kind, as somebody who holds them."""
        keys = self.world.sign_in(role_arn(TOOLING, f"meshbot-{kind}"))
        sts = self.world.client("sts", keys)
        arn = role_arn(account, f"mesh-{kind}")
        got = sts.assume_role(RoleArn=arn, RoleSessionName="somebody", **more)["Credentials"]
        held = (got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
        return self.world.client("ec2", dict(zip(keys, held, strict=True)))


def _member(vpc: SeededVpc, more: str) -> str:
    where = f"account_id: '{vpc.account}', region: {vpc.region}, vpc_id: {vpc.id}"
    return f"      - {{{where}{more}}}\n"


def sids(documents: Documents, role: str, effect: str) -> Iterable[str]:
    """The names of a role's statements."""
    listed = documents[role]["policy"]["Statement"]
    return [s["Sid"] for s in listed if s["Effect"] == effect]
