"""Mesh files as data: ``bad/<fault>.yaml`` and ``good/<oddity>.yaml``, and what they say.

A case is a file, or a folder of files that are loaded together. Its first comment lines
are its complete diagnostics: ``# line:column severity code: summary | detail``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import Loaded, load
from bot.errors import MeshInvalid
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Environment, Limits, Member, MemberRole, MemberState, OrphanRoutes

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").iterdir())
GOOD = sorted((HERE / "good").iterdir())
EXPECTED = re.compile(r"# ([0-9]+:[0-9]+ (?:error|warning) .*)")


def files_of(case: Path) -> dict[str, bytes]:
    """The files of a case, by the path that is shown."""
    paths = sorted(case.iterdir()) if case.is_dir() else [case]
    return {path.name: path.read_bytes() for path in paths}


def expected(files: dict[str, bytes]) -> list[str]:
    """The diagnostics that the first lines of the files announce."""
    told = []
    for name, content in files.items():
        for line in content.decode("utf-8", "surrogateescape").split("\n"):
            match = EXPECTED.fullmatch(line.rstrip("\r"))
            if not match:
                break
            told.append(f"{name}:{match[1]}")
    return told


def shown(diagnostic: Diagnostic) -> str:
    """A diagnostic as the cases write it."""
    detail = f" | {diagnostic.detail}" if diagnostic.detail else ""
    place, severity = diagnostic.location, diagnostic.severity
    return f"{place} {severity} {diagnostic.code}: {diagnostic.summary}{detail}"


def good(name: str) -> Loaded:
    """What a good case loads as."""
    return load(files_of(HERE / "good" / name))


def members(name: str, environment: str) -> tuple[Member, ...]:
    """The members of an environment of a good case."""
    return good(name).mesh.environments[environment].members


def faults(text: str | bytes) -> list[str]:
    """Place and code of every error of a text."""
    with pytest.raises(MeshInvalid) as caught:
        load({"x.yaml": text})
    return [
        f"{d.location.line}:{d.location.column} {d.code}"
        for d in caught.value.diagnostics
        if d.location
    ]


METADATA = """\
metadata: {resource_owner: me, business_unit: b, service_name: s, support: t, \
common_principal_name: role, role_session_name: session}
"""


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.stem)
def test_every_fault_is_told_with_its_place(case: Path) -> None:
    files = files_of(case)

    with pytest.raises(MeshInvalid) as caught:
        load(files)

    told = expected(files)
    assert told
    assert [shown(d) for d in caught.value.diagnostics] == told
    assert {d.severity for d in caught.value.diagnostics} == {Severity.ERROR}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.stem)
def test_odd_but_good_files_load_with_the_warnings_they_announce(case: Path) -> None:
    files = files_of(case)

    loaded = load(files)

    assert [shown(d) for d in loaded.diagnostics] == expected(files)
    assert [file.path for file in loaded.mesh.files] == sorted(files)


@pytest.mark.parametrize("case", ["peerd-configuration.yaml", "anchors-and-merge-keys.yaml"])
def test_members_are_those_that_peerd_would_read(case: str) -> None:
    """peerd reads with ``yaml.safe_load``: the same members, in the same order."""
    theirs = yaml.safe_load((HERE / "good" / case).read_text(encoding="utf-8"))

    ours = good(case).mesh.environments

    def as_peerd(member: Member) -> dict[str, Any]:
        scope = member.vpc.scope
        shown = {"account_id": scope.account, "region": scope.region, "vpc_id": member.vpc.vpc_id}
        optional = {
            "note": member.note or None,
            "cidr_overrides": None
            if member.cidr_overrides is None
            else list(member.cidr_overrides),
            "peering_tags": dict(member.peering_tags) or None,
        }
        return shown | {key: value for key, value in optional.items() if value is not None}

    assert {
        name: [as_peerd(member) for member in environment.members]
        for name, environment in ours.items()
    } == theirs["environments"]


def test_an_aliased_member_is_declared_where_the_alias_stands() -> None:
    first = members("anchors-and-merge-keys.yaml", "production")[0]
    again = members("anchors-and-merge-keys.yaml", "development")[0]

    assert (first.declared_at.line, first.declared_at.column) == (10, 7)
    assert (again.declared_at.line, again.declared_at.column) == (23, 7)


def test_every_key_arrives() -> None:
    loaded = good("every-key.yaml")
    edge = loaded.mesh.environments["edge"]

    metadata = loaded.mesh.files[0].metadata
    assert metadata.plan_principal_name == "network/plan/peerd-bot+plan"
    assert metadata.external_id == "org:unit/xxxxx=1"
    assert (edge.dns_resolution, edge.ipv6, edge.adopt) == (False, True, True)
    assert edge.aggregate_routes
    assert edge.orphan_routes is OrphanRoutes.DELETE
    assert [m.role for m in edge.members] == [MemberRole.HUB, MemberRole.SPOKE, MemberRole.SPOKE]
    assert [m.state for m in edge.members] == [
        MemberState.PRESENT,
        MemberState.PRESENT,
        MemberState.ABANDONED,
    ]
    hub = edge.members[0]
    assert hub.cidr_overrides == ("10.0.0.0/8", "2001:db8::/48")
    assert hub.peering_tags == (("Name", "mine"), ("cost_centre", "42"))
    assert str(hub.overrides_declared_at).startswith("every-key.yaml:26:")
    assert [m.dns_resolution for m in edge.members] == [None, True, None]
    assert str(edge.dns_declared_at) == "every-key.yaml:19:5"
    assert str(edge.members[1].dns_declared_at) == "every-key.yaml:27:79"
    assert hub.dns_declared_at is None
    assert edge.limits == Limits(7, 33.3, 100, 0, False)
    assert loaded.mesh.environments["list"].limits == Limits(0, 33.3, 100, 0, True)
    assert loaded.mesh.files[0].limits == Limits(0, 33.3, 100, 0, True)


def test_limits_override_key_by_key() -> None:
    loaded = good("limits-key-by-key.yaml")

    assert loaded.mesh.files[0].limits == Limits(max_leaving_members=1, max_other_deletes=5)
    assert [e.limits.max_leaving_members for _, e in loaded.mesh] == [1, 2, 1]
    assert {e.limits.max_other_deletes for _, e in loaded.mesh} == {5}
    assert isinstance(loaded.mesh.files[0].limits.max_other_deletes, int)


def test_defaults_are_those_of_the_product() -> None:
    environment = good("quoted-everything.yaml").mesh.environments["production"]

    assert environment.limits == Limits(3, 50, 25, 50, False)
    assert environment.dns_resolution is None
    member = environment.members[0]
    assert member.cidr_overrides is None
    assert member.vpc.scope.account == "012345670123"


def test_no_overrides_and_an_empty_list_of_overrides_differ() -> None:
    assert members("odd-overrides.yaml", "edge")[0].cidr_overrides == ()
    assert members("odd-overrides.yaml", "edge")[1].cidr_overrides == (
        "10.0.0.1/32",
        "0.0.0.0/1",
        "10.0.0.0/8",
        "10.1.0.0/16",
        "::ffff:0:0/96",
        "2001:db8::/32",
        "2600:1f14::/56",
    )


def test_a_note_is_the_text_as_written() -> None:
    notes = [member.note for member in members("notes-of-all-kinds.yaml", "production")]

    assert notes == [
        "12345",
        "012",
        "no",
        "2024-02-29",
        "1.5e3",
        "",
        "",
        "<b>@everyone</b> | `x` ${{ secrets.X }}",
        "日本語 🚀",
        "tab\there",
        ".nan",
        "10:20:30",
        "two\nlines",
        "true",
        "several\n  lines: here\n",
    ]


def test_environment_names_are_free_text() -> None:
    names = list(good("odd-environment-names.yaml").mesh.environments)

    assert names == [
        "my environment: eu/west #1",
        "it's",
        "ünïcödé-環境-🚀",
        "012",
        "no",
        "y",
        "e" * 256,
        "@{x}|`<!-- -->",
        "$ref",
        "metadata",
        "propertyNames",
    ]


def test_files_are_sorted_by_path() -> None:
    files = files_of(HERE / "good" / "two-files")

    loaded = load(dict(reversed(files.items())))

    assert [file.path for file in loaded.mesh.files] == ["a.yaml", "b.yml"]
    assert loaded.mesh.environments.keys() == {"other", "production"}


def test_no_files_make_an_empty_mesh() -> None:
    assert load({}) == Loaded(load({}).mesh)
    assert load({}).mesh.files == ()


def test_text_and_bytes_are_read_alike() -> None:
    raw = (HERE / "good" / "every-key.yaml").read_bytes()

    assert load({"x": raw}) == load({"x": raw.decode()})


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", ["1:1 empty-file"]),
        (b"\xef\xbb\xbf", ["1:1 empty-file"]),
        (METADATA.encode("utf-16"), ["1:1 encoding"]),
        (b"#" * (1 << 20) + b"\n", ["1:1 too-large"]),
        (
            b"a: \x00\nb: \xff\xfe\r",
            ["1:4 control-character", "2:4 encoding", "2:5 encoding", "2:6 line-break"],
        ),
        ("environments: {}\nx: é\udcff", ["2:5 encoding"]),
    ],
)
def test_bytes_that_are_no_text_have_a_place(raw: bytes | str, told: list[str]) -> None:
    assert faults(raw) == told


def test_a_binary_file_does_not_flood() -> None:
    assert len(faults(bytes(range(256)) * 1000)) == 20


def test_a_document_of_another_kind_does_not_flood() -> None:
    lines = "".join(f"k{n}: 1\n" for n in range(2000))
    many = METADATA + "environments:\n" + "".join(f"  e{n}: 1\n" for n in range(2000))

    assert len(faults(METADATA + "environments: {}\n" + lines)) == 2000
    told = faults(many)
    assert told == [
        "1:1 too-many-faults",
        *(f"{n + 3}:{len(f'  e{n}: ') + 1} wrong-type" for n in range(500)),
    ]


def test_faults_of_an_aliased_value_are_told_once_and_of_its_use_where_it_is_used() -> None:
    text = METADATA + (
        "environments:\n"
        "  a:\n"
        "    - {account_id: &id 111122223333, region: &r us-east-1, vpc_id: vpc-0a1b2c3d}\n"
        "    - {account_id: *id, region: us-east-1, vpc_id: vpc-0b2c3d4e}\n"
        "    - {account_id: '111122223333', region: us-east-1, vpc_id: *r}\n"
    )

    assert faults(text) == ["4:20 unquoted-account-id", "6:63 form"]


def test_a_missing_hub_is_not_told_when_a_member_could_not_be_read() -> None:
    text = METADATA + (
        "environments:\n"
        "  a:\n"
        "    topology: hub-and-spoke\n"
        "    vpcs:\n"
        "      - {account_id: '111122223333', region: us-east-1, vpc_id: vpc-0a1b2c3d, rol: hub}\n"
    )

    assert faults(text) == ["6:79 unknown-key"]


def test_roles_are_not_told_of_when_the_topology_is_misspelt() -> None:
    text = METADATA + (
        "environments:\n"
        "  a:\n"
        "    toplogy: hub-and-spoke\n"
        "    vpcs:\n"
        "      - {account_id: '111122223333', region: us-east-1, vpc_id: vpc-0a1b2c3d, role: hub}\n"
    )

    assert faults(text) == ["4:5 unknown-key"]


def test_two_plan_roles_are_told_when_the_apply_roles_differ_too() -> None:
    def file(name: str, role: str) -> str:
        vpc = f"{{account_id: '111122223333', region: us-east-1, vpc_id: vpc-0000000{name}}}"
        metadata = METADATA.replace(
            "name: role,", f"name: {role}, plan_principal_name: plan-{role},"
        )
        return f"{metadata}environments:\n  {name}:\n    - {vpc}\n"

    with pytest.raises(MeshInvalid) as caught:
        load({"a.yaml": file("a", "one"), "b.yaml": file("b", "two")})

    assert [d.code for d in caught.value.diagnostics] == ["two-roles", "two-roles"]


def test_environments_are_named_in_their_diagnostics() -> None:
    case = files_of(HERE / "bad" / "many-faults.yaml")

    with pytest.raises(MeshInvalid) as caught:
        load(case)

    named = {d.code: set(d.environments) for d in caught.value.diagnostics}
    assert named["host-bits"] == {"production"}
    assert named["missing-key"] == {"edge"}


def thousand() -> str:
    """A file of 1,000 members in ten environments."""
    members = (
        f"    - account_id: '{111122220000 + n % 100}'\n"
        "      region: us-east-1\n"
        f"      vpc_id: vpc-{n:017x}\n"
        f"      note: member {n}\n"
        f"      cidr_overrides: [10.{n // 250}.{n % 250}.0/24, 10.20.0.0/16]\n"
        "      peering_tags: {cost_centre: '42'}\n"
        for n in range(1000)
    )
    lines = [f"  environment{n // 100}:\n{m}" if n % 100 == 0 else m for n, m in enumerate(members)]
    return METADATA + "environments:\n" + "".join(lines)


def test_a_thousand_members_load_quickly() -> None:
    text = thousand()
    started = time.perf_counter()

    loaded = load({"big.yaml": text})

    took = time.perf_counter() - started
    assert sum(len(environment.members) for _, environment in loaded.mesh) == 1000
    # `meshbot validate` has 2 s on a slow machine; this took 0.25 s when it was written
    assert took < 1.5


def test_loading_needs_no_aws_library() -> None:
    script = (
        "import sys, bot.config as c; assert 'jsonschema' not in sys.modules;"
        f"c.load({{'x': {METADATA + 'environments: {}'!r}}});"
        "print(sorted({'boto3', 'botocore', 'requests', 'socket'} & sys.modules.keys()))"
    )

    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "hostile",
    [
        lambda: "[" * 100_000,
        lambda: "{a: " * 50_000,
        lambda: "- " * 100_000,
        lambda: "".join(
            f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" if n else "a0: &a0 {}\n"
            for n in range(9000)
        ),
        lambda: "a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 100_000 + "]\n",
        lambda: "".join(
            f"a{n}: &a{n} [[[[[[*a{n - 1}]]]]]]\n" if n else "a0: &a0 []\n" for n in range(2000)
        ),
        lambda: METADATA + "environments: {e: [" + "{}," * 200_000 + "]}\n",
    ],
    ids=["lists", "mappings", "items", "merges", "aliases", "depth", "members"],
)
def test_hostile_documents_are_refused_quickly(hostile: Callable[[], str]) -> None:
    text = hostile()
    started = time.perf_counter()

    assert faults(text)

    assert time.perf_counter() - started < 10


def test_tags_of_a_spoke_pair_do_not_add_up() -> None:
    """Two spokes never peer, so their tags never meet on one peering."""

    def member(number: int, role: str, keys: int) -> str:
        tags = ", ".join(f"t{number}k{k}: v" for k in range(keys))
        where = "account_id: '111122223333', region: us-east-1"
        return (
            f"      - {{{where}, vpc_id: vpc-0000000{number}, role: {role}, "
            f"peering_tags: {{{tags}}}}}\n"
        )

    def environment(hub_keys: int) -> str:
        vpcs = member(0, "hub", hub_keys) + member(1, "spoke", 30) + member(2, "spoke", 30)
        return f"{METADATA}environments:\n  e:\n    topology: hub-and-spoke\n    vpcs:\n{vpcs}"

    loaded: Environment = load({"x": environment(11)}).mesh.environments["e"]

    assert len(loaded.members) == 3
    assert [fault.split()[1] for fault in faults(environment(12))] == ["too-many-tags"] * 2


@pytest.mark.parametrize(
    ("section", "emptied"), [("", False), ("security_group_rules: []\n", True)]
)
def test_an_emptied_section_of_rules_is_not_a_missing_one(section: str, emptied: bool) -> None:
    content = (HERE / "good" / "peerd-configuration.yaml").read_text() + "\n" + section

    loaded = load({"mesh.yaml": content.encode()})

    found = loaded.mesh.environments.values()
    assert {(env.rules_emptied, env.security_group_rules) for env in found} == {(emptied, ())}
    members = {member.vpc.scope for env in found for member in env.members}
    assert loaded.mesh.rule_scopes == (members if emptied else set())


def test_blanks_around_a_description_are_not_part_of_it() -> None:
    """AWS may keep them or not: a rule is not to differ for ever because of them."""
    name = "security-group-rules.yaml"
    content = (HERE / "good" / name).read_text()
    assert content.count('description: "a-b (c)"') == 1
    content = content.replace('"a-b (c)"', '"  a-b (c) "')

    rules = load({name: content.encode()}).mesh.environments["production"].security_group_rules

    assert "a-b (c)" in {rule.description for rule in rules}


def test_security_group_rules_belong_to_their_environment_in_aws_words() -> None:
    rules = good("security-group-rules.yaml").mesh.environments["production"].security_group_rules

    traffic = [(str(rule.traffic), [str(d) for d in rule.directions]) for rule in rules]
    assert traffic == [
        ("tcp 5432", ["ingress", "egress"]),
        ("icmpv6", ["ingress", "egress"]),
        ("icmp type 8 code 0", ["egress"]),
        ("all traffic", ["ingress"]),
        ("udp 100-200", ["egress"]),
    ]
    assert [rule.by for rule in rules] == ["reference"] * 4 + ["cidr"]
    assert (rules[0].source.name, rules[0].destination.group_id) == ("web", "sg-0000000b")
    assert (rules[4].source.tags, rules[4].destination.names_group) == ((("Name", "web"),), False)


def test_whole_numbers_of_a_rule_may_be_written_with_a_point() -> None:
    (content,) = files_of(HERE / "good" / "security-group-rules.yaml").values()
    for whole in (b"ports: 5432", b"protocol: 58"):
        assert content.count(whole) == 1
        content = content.replace(whole, whole + b".0")

    loaded = load({"security-group-rules.yaml": content})

    rules = loaded.mesh.environments["production"].security_group_rules
    assert [str(rule.traffic) for rule in rules[:2]] == ["tcp 5432", "icmpv6"]
