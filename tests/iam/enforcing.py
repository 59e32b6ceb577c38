"""The AWS emulator, as a process, with two judges of its calls within reach.

moto's IAM judges by action alone: it takes every resource for ``*``, and looks at no condition,
trust or session policy. It is off until ``POST /moto-api/reset-auth`` says 0.

Ours (``tests/iam/judge.py``) judges resources, conditions, trust and session policies as well. It
is off until ``POST /_judge`` names the policies of roles, and then refuses roles that it does not
know. Who has no role (GitHub's token, in these tests) may assume any; what may is seen elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from bot.emulator.aws import Emulator
from bot.emulator.aws.calls import SEED

Roles = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By ``account/name``: the documents ``trust`` and ``policy``."""


@contextmanager
def running() -> Iterator[Emulator]:
    """Start it, and stop it in the end."""
    command = [sys.executable, "-m", "tests.iam.enforcing"]
    process = subprocess.Popen(  # noqa: S603  (this interpreter, this module)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://"), "it did not start; what it printed is above"
            yield Emulator(url)
        finally:
            process.terminate()
            process.wait(5)


def enforce(aws: Emulator, on: bool) -> None:
    """Have moto judge every call from now on, or none."""
    _post(aws, "/moto-api/reset-auth", b"0" if on else b"inf")


def judge(aws: Emulator, roles: Roles) -> None:
    """Have the calls of roles judged by these policies from now on; by none if there are none."""
    _post(aws, "/_judge", json.dumps(roles).encode())


def _post(aws: Emulator, path: str, body: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310  (the URL is the emulator's own)
        f"{aws.url}{path}", body, {"Content-Type": "text/plain"}, method="POST"
    )  # a form would be refused
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


class Court:
    """Knows the policies of roles and sessions, and decides about calls."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._roles: Roles = {}
        self._sessions: dict[str, Any] = {}

    def appoint(self, environ: Any, start_response: Any) -> list[bytes]:
        """The roles given from now on; the sessions so far are forgotten."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self._roles, self._sessions = json.loads(body), {}
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    def refusal(self, call: Any, access_key: str, values: Mapping[str, str]) -> str:
        """Why the call is refused, or nothing."""
        if not self._roles or call.role in ("", SEED):
            return ""
        with self._world.lock:
            return self._judged(call, access_key, values)

    def _judged(self, call: Any, access_key: str, values: Mapping[str, str]) -> str:
        from tests.iam.demands import Caller, assuming, demands
        from tests.iam.judge import refusal, trusts
        from tests.iam.template import statements

        role = self._roles.get(f"{call.account}/{call.role}")
        if role is None:
            return f"{call.account}/{call.role} is no role"
        held = [role["policy"], *filter(None, [self._sessions.get(access_key)])]
        policies = [statements(document) for document in held]
        action = f"{call.service}:{call.action}"
        if action != "sts:AssumeRole":
            asked = demands(Caller(self._world, call.account, call.region), action, values)
            return refusal(asked, policies)
        asked = assuming(values)
        target = self._roles.get("/".join(_account_and_name(values["RoleArn"])))
        mine = f"arn:aws:iam::{call.account}:role/{call.role}"
        if target is None or not trusts(statements(target["trust"]), mine, asked):
            return f"{values['RoleArn']} does not trust {mine} like that"
        return refusal(asked, policies)

    def remember(self, call: Any, values: Mapping[str, str], answer: bytes) -> None:
        """The session policy that an AssumeRole was given."""
        if call.action != "AssumeRole":
            return
        key = re.search(rb"<AccessKeyId>(\w+)<", answer)
        if key and "Policy" in values:
            document = json.loads(values["Policy"])
            for number, statement in enumerate(document["Statement"]):
                statement.setdefault("Sid", f"Session{number}")
            self._sessions[key[1].decode()] = document


def _account_and_name(arn: str) -> tuple[str, str]:
    fields = arn.split(":")
    return fields[4], fields[5].rpartition("/")[2]


def _application() -> Any:
    """The emulator's, with the judge in front; moto reads the environment when it is imported."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    from bot.emulator.aws import app
    from bot.emulator.aws.calls import read_request

    class Application(app.Application):
        def __init__(self, world: Any) -> None:
            super().__init__(world)
            self._court = Court(world)

        def __call__(self, environ: Any, start_response: Any) -> Any:
            if environ["PATH_INFO"] == "/moto-api/reset-auth":
                return self._moto(environ, start_response)
            if environ["PATH_INFO"] == "/_judge":
                return self._court.appoint(environ, start_response)
            return super().__call__(environ, start_response)

        def _answered(self, call: Any, environ: Any) -> Any:
            body = environ["wsgi.input"].read()
            environ["wsgi.input"].seek(0)
            key = read_request(environ, body).access_key
            values = dict(parse_qsl(body.decode(), keep_blank_values=True))
            if refused := self._court.refusal(call, key, values):
                code = "AccessDenied" if call.service == "sts" else "UnauthorizedOperation"
                return app._failure(call, code, refused, 403)
            answer = super()._answered(call, environ)
            self._court.remember(call, values, answer[2])
            return answer

    return Application


def _main() -> None:
    application = _application()
    from bot.emulator.aws import app
    from bot.emulator.aws.server import serve
    from bot.emulator.aws.settings import Settings

    setattr(app, "Application", application)  # noqa: B010  (mypy forbids the assignment)
    serve(0, Settings(), until_stdin_closes=True)


if __name__ == "__main__":
    _main()
