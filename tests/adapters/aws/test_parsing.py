"""Large answers of EC2 come out as botocore's own parser would give them."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any, cast
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import ReadOnlyCredentials
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from botocore.parsers import EC2QueryParser, ResponseParserError, ResponseParserFactory

from bot.adapters.aws import parsing
from bot.adapters.aws.clients import ReadClients, Workshop, acting_for, call, read_settings
from bot.adapters.aws.parsing import Parsers

READ = (
    "DescribeVpcs",
    "DescribeRouteTables",
    "DescribeVpcPeeringConnections",
    "DescribeSubnets",
    "DescribeNetworkAcls",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeNetworkInterfaces",
    "DescribeNetworkInsightsAnalyses",
)
TEXTS = ("", "a", "<&>\"'", "]]>", "ünï\u2028cödé", "true", " blank ", "x" * 40, "10.0.0.0/16")


@cache
def model() -> ServiceModel:
    """EC2, as botocore describes it."""
    made: ServiceModel = botocore.session.get_session().get_service_model("ec2")
    return made


def output(operation: str) -> Shape:
    """The shape of a call's answer."""
    shape = model().operation_model(operation).output_shape
    assert shape is not None
    return shape


def written(shape: Shape, rnd: Random, depth: int = 0) -> str:
    """Some content of a shape, as EC2 could write it."""
    if isinstance(shape, StructureShape):
        held = [item for item in shape.members.items() if depth < 7 and rnd.random() < 0.7]
        rnd.shuffle(held)
        parts = [
            f"<{name}>{written(member, rnd, depth + 1)}</{name}>"
            for key, member in held
            for name in [member.serialization.get("name") or key]
        ]
        return rnd.choice(["", "\n  "]).join([*parts, *rnd.choices(["", "<unknown>1</unknown>"])])
    if isinstance(shape, ListShape):
        number = rnd.choice([0, 1, 2, 3]) if depth < 7 else 0
        return "".join(f"<item>{written(shape.member, rnd, depth)}</item>" for _ in range(number))
    scalars = {
        "boolean": rnd.choice(["true", "false", "True", ""]),
        "integer": str(rnd.randrange(-5, 70000)),
        "long": str(rnd.randrange(-5, 70000)),
        "float": str(rnd.random()),
        "double": str(rnd.random()),
        "timestamp": "2026-01-02T03:04:05.000Z",
    }
    return scalars.get(shape.type_name) or escape(rnd.choice(TEXTS))


def answer(content: str, status: int = 200, namespace: str = "http://ec2/doc") -> dict[str, Any]:
    """An HTTP response, as botocore hands it to a parser."""
    space = f' xmlns="{namespace}"' if namespace else ""
    body = f"<?xml version='1.0'?><Response{space}><requestId>r-1</requestId>{content}</Response>"
    return {"body": body.encode(), "headers": {"X-Some": "Thing"}, "status_code": status}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> ResponseParserFactory:
    """Parsers that take the short way for small answers too."""
    monkeypatch.setattr(parsing, "LARGE", 0)
    return Parsers()


@pytest.mark.parametrize("operation", READ)
def test_answers_are_as_from_botocore(operation: str, always: ResponseParserFactory) -> None:
    rnd, shape = Random(operation), output(operation)  # noqa: S311
    for _ in range(60):
        response = answer(written(shape, rnd), namespace=rnd.choice(["", "http://ec2/doc"]))

        parsed = always.create_parser("ec2").parse(response, shape)

        assert parsed == EC2QueryParser().parse(response, shape)
        assert parsed["ResponseMetadata"]["RequestId"] == "r-1"


def test_equal_tags_of_an_answer_are_one_object(always: ResponseParserFactory) -> None:
    tags = "<tagSet><item><key>a</key><value>b</value></item></tagSet>"
    vpcs = f"<vpcSet><item>{tags}</item><item>{tags}</item></vpcSet>"

    parsed = always.create_parser("ec2").parse(answer(vpcs), output("DescribeVpcs"))

    one, other = (vpc["Tags"][0] for vpc in parsed["Vpcs"])
    assert one == {"Key": "a", "Value": "b"}
    assert one is other


def test_errors_and_what_is_no_xml_are_left_to_botocore(always: ResponseParserFactory) -> None:
    errors = (
        "<Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
    )
    refused = always.create_parser("ec2").parse(answer(errors, 403), output("DescribeVpcs"))
    assert refused["Error"]["Code"] == "UnauthorizedOperation"

    cut = {**answer(""), "body": b"<Response><vpcSet>"}
    with pytest.raises(ResponseParserError):
        always.create_parser("ec2").parse(cut, output("DescribeVpcs"))


def test_no_answer_of_ec2_fails_on_the_short_way(always: ResponseParserFactory) -> None:
    """Also those that nobody asks for: a shape without a short way is left to botocore."""
    rnd = Random(1)  # noqa: S311
    names = [name for name in model().operation_names if model().operation_model(name).output_shape]
    for name in rnd.sample(names, 60):
        response = answer(written(output(name), rnd))

        parsed = always.create_parser("ec2").parse(response, output(name))

        assert parsed == EC2QueryParser().parse(response, output(name))


def test_the_clients_parse_so() -> None:
    tag = f"<item><key>name</key><value>{'v' * 200}</value></item>"
    vpcs = f"<item><tagSet>{tag}</tagSet></item>" * 400
    sent = answer(f"<vpcSet>{vpcs}</vpcSet>")
    client = ReadClients(Workshop(), read_settings(2)).client("ec2", "us-east-1")
    client.meta.events.register("before-send.ec2", cast(Any, lambda **_: _Answer(sent["body"])))

    with acting_for(lambda: ReadOnlyCredentials("key", "secret", None)):
        listed = call(client, "DescribeVpcs", {})["Vpcs"]

    assert len(listed) == 400
    assert all(vpc["Tags"][0] is listed[0]["Tags"][0] for vpc in listed)


class _Answer(AWSResponse):
    def __init__(self, body: bytes) -> None:
        super().__init__("https://example.com", 200, HTTPHeaders(), None)
        self._content = body
