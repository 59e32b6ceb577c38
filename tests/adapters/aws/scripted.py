"""A server that answers as AWS does, from a script, and keeps what it was asked.

For single exchanges and faults that no emulator makes: denied roles, wrong accounts, short-lived
sessions, throttling, cut connections. Everything it is sent stays on this machine.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

SECRET = "wJalrSECRETkeyOfTheMember"  # noqa: S105  (made up, to look for in what we show)
TOKEN = "FwoGSESSIONtokenOfTheMember"  # noqa: S105
REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"


@dataclass(frozen=True)
class Asked:
    """One request: the action and its parameters, and from where and as whom it was signed."""

    action: str
    parameters: dict[str, str]
    key_id: str
    region: str

    @property
    def account(self) -> str:
        """The account of an AssumeRole's ARN, or that of the key that signed."""
        found = re.search(r"\d{12}", self.parameters.get("RoleArn", self.key_id))
        return found.group() if found else ""


@dataclass(frozen=True)
class Reply:
    """An answer; ``cut`` closes the connection instead."""

    body: str = ""
    status: int = 200
    cut: bool = False


Answer = Callable[[Asked], Reply]


@dataclass
class ScriptedAws:
    """What it answers, by action, and what it was asked. AssumeRole works unless scripted."""

    url: str = ""
    script: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    life: timedelta = timedelta(hours=1)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.script = {
            "AssumeRole": self.assumed,
            "AssumeRoleWithWebIdentity": self.assumed,
            "DescribeVpcs": lambda asked: vpcs(f"vpc-of-{asked.account}"),
        }

    def count(self, action: str) -> int:
        """How often an action was asked for."""
        return sum(asked.action == action for asked in self.asked)

    def last(self, action: str) -> Asked:
        """The last request for an action."""
        return [asked for asked in self.asked if asked.action == action][-1]

    def assumed(self, asked: Asked, account: str = "", partition: str = "") -> Reply:
        """STS's answer, by default for the account and partition that were asked for."""
        partition = partition or asked.parameters["RoleArn"].split(":")[1]
        number = self.count(asked.action)
        expires = (self.now() + self.life).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(
            f'<{asked.action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<{asked.action}Result><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId>"
            f"<Arn>arn:{partition}:sts::{account or asked.account}:assumed-role/r/s</Arn>"
            f"</AssumedRoleUser><Credentials><AccessKeyId>ASIA{asked.account}N{number}"
            f"</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}"
            f"</SessionToken><Expiration>{expires}</Expiration></Credentials>"
            f"</{asked.action}Result></{asked.action}Response>"
        )

    def answer(self, asked: Asked) -> Reply:
        """Keep the question and answer it."""
        self.asked.append(asked)
        return self.script[asked.action](asked)


def vpcs(*ids: str, following: str = "") -> Reply:
    """An answer of DescribeVpcs."""
    items = "".join(f"<item><vpcId>{name}</vpcId></item>" for name in ids)
    return Reply(
        '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{REQUEST_ID}</requestId><vpcSet>{items}</vpcSet>"
        f"<nextToken>{following}</nextToken></DescribeVpcsResponse>"
    )


def ec2_error(code: str, message: str = "no", status: int = 400) -> Reply:
    """An error of EC2."""
    return Reply(
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"</Errors><RequestID>{REQUEST_ID}</RequestID></Response>",
        status,
    )


def sts_error(code: str, message: str = "no", status: int = 403) -> Reply:
    """An error of STS."""
    return Reply(
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
        status,
    )


@contextmanager
def serving() -> Iterator[ScriptedAws]:
    """The server, for as long as it lasts."""
    aws = ScriptedAws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            credential = re.search(
                r"Credential=([^/]+)/\d+/([^/]+)/", self.headers.get("Authorization", "")
            )
            key_id, region = credential.groups() if credential else ("", "")
            reply = aws.answer(Asked(form.pop("Action"), form, key_id, region))
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(reply.body.encode())))
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        aws.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield aws
        server.shutdown()
