"""A small AWS in a process of its own: one mesh that is built, answered as fast as can be.

It checks nothing, counts nothing, and has nothing but the mesh; it is there so that the process
that asks can be measured with real clients, sockets and parsing. ``bot.emulator`` is the AWS
that behaves like AWS.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from bench.meshes import MESHES
from bench.world import World, world_of
from bot.config import load
from bot.model.address import AccountId, Region, Scope

LISTS = {
    "DescribeVpcs": "vpcSet",
    "DescribeRouteTables": "routeTableSet",
    "DescribeVpcPeeringConnections": "vpcPeeringConnectionSet",
}
NAMES = {"Tags": "tagSet", "Routes": "routeSet"}
"""Lists that are called otherwise in EC2's XML than in botocore's answers."""

CREDENTIAL = re.compile(r"Credential=ASIA(\d{12})/\d+/([a-z0-9-]+)/")
ISSUED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::{0}:assumed-role/peerd-bot/peerd</Arn>
<AssumedRoleId>AROA:peerd</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIA{0}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


def xml(value: Any) -> str:
    """A value of a botocore answer as EC2 writes it."""
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{xml(value[key])}</{name}>" for key, name in _names(value))
    if isinstance(value, list):
        return "".join(f"<item>{xml(item)}</item>" for item in value)
    return escape(str(value))


def _names(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((key, NAMES.get(key, key[0].lower() + key[1:])) for key in value)


def answer(world: World, scope: Scope | None, form: Mapping[str, str]) -> str:
    """The body of the answer to one call."""
    action = form["Action"]
    if action == "AssumeRole":
        return ISSUED.format(form["RoleArn"].split(":")[4])
    assert scope is not None, "signed with credentials of another"
    items = world.answers.get((scope, f"ec2:{action}"), [])
    start, size = int(form.get("NextToken", 0)), int(form.get("MaxResults", len(items) or 1))
    page = xml(items[start : start + size])
    more = f"<nextToken>{start + size}</nextToken>" if start + size < len(items) else ""
    listed = f"<{LISTS[action]}>{page}</{LISTS[action]}>" if action in LISTS else ""
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return f'<{action}Response xmlns="{space}">{listed}{more}</{action}Response>'


def serve(world: World) -> None:
    """Print the URL, then answer until killed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            signed = CREDENTIAL.search(self.headers["Authorization"])
            scope = Scope(AccountId(signed[1]), Region(signed[2])) if signed else None
            text = answer(world, scope, dict(parse_qsl(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


@contextmanager
def serving(sort: str, size: int, built: float, tables: int) -> Iterator[dict[str, str]]:
    """The environment in which boto3 asks such a server, while it runs."""
    arguments = [sort, str(size), str(built), str(tables)]
    command = [sys.executable, "-m", "bench.answers", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        try:
            yield {
                "AWS_ENDPOINT_URL": server.stdout.readline().strip(),
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        finally:
            server.terminate()


def main() -> None:
    """Serve a mesh: its sort and size, the share that is there, the tables of each VPC."""
    sort, size, built, tables = sys.argv[1:]
    mesh = load({"meshes/large.yaml": MESHES[sort](int(size))}).mesh
    serve(world_of(mesh, float(built), int(tables)))


if __name__ == "__main__":
    main()
