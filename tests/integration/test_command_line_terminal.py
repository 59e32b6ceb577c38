"""What a person sees: progress and colour on a terminal, neither in a pipe, nothing hostile."""

from __future__ import annotations

import logging
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.integration.laptop import APPLY_ROLE, A, B, Laptop, environment, live, member

ESCAPE = "\x1b"
HOSTILE = "a\x1b[2J\x1b]0;title\x07b\u202ec\u2066d\u200be\x9b31mf\rg\nh\x07"


class Screen:
    """Two pseudo-terminals, so that standard output and standard error are told apart."""

    def __init__(self, laptop: Laptop, *arguments: str, **variables: str) -> None:
        self._pairs = {"out": pty.openpty(), "err": pty.openpty()}
        more = {"TERM": "xterm-256color", **variables}
        self.process: subprocess.Popen[str] = laptop.start(
            *arguments,
            stdin=self._pairs["err"][1],
            stdout=self._pairs["out"][1],
            stderr=self._pairs["err"][1],
            env=environment(**more),
        )
        self.seen = {"out": b"", "err": b""}
        for _, slave in self._pairs.values():
            os.close(slave)

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._pairs["err"][0], text.encode())

    def until(self, stream: str, text: str) -> None:
        """Read until a text is seen."""
        while text not in self.seen[stream].decode():
            assert self._read(20), f"{text!r} never came: {self.seen}"

    def end(self) -> tuple[int, str, str]:
        """Read to the end: exit code, what standard output and standard error showed."""
        while self._read(20):
            pass
        try:
            code = self.process.wait(10)
        finally:
            self.process.kill()
        for master, _ in self._pairs.values():
            os.close(master)
        return code, self.seen["out"].decode(), self.seen["err"].decode()

    def _read(self, seconds: float) -> bool:
        names = {master: name for name, (master, _) in self._pairs.items()}
        ready, _, _ = select.select(names, [], [], seconds)
        more = False
        for master in ready:
            try:
                read = os.read(master, 65536)
            except OSError:  # how Linux says that nobody has the other side open
                read = b""
            self.seen[names[master]] += read
            more = more or bool(read)
        return more


@pytest.fixture
def mesh(laptop: Laptop) -> Laptop:
    """A laptop with a mesh that is not applied."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    return laptop


def test_a_terminal_shows_progress_and_colour(mesh: Laptop) -> None:
    mesh.aws.settings(latency_ms=50)

    code, out, err = Screen(mesh, "apply", "--yes").end()

    assert code == 0, err
    assert "\x1b[32m" in out
    assert "reading scopes" in err
    assert "applying" in err
    assert "peerings 0/3, routes 0/6, about 5 s left" in err
    assert "111111111111/us-east-1: peerings 0/2, routes 0/2" in err
    assert "reading scopes" not in out
    assert "minute left" not in out


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_that_wants_no_colour_gets_none(mesh: Laptop, variables: dict[str, str]) -> None:
    code, out, err = Screen(mesh, "plan", **variables).end()

    assert code == 0, err
    assert ESCAPE not in out
    assert not re.findall(r"\x1b\[[0-9;]*[1-9][0-9;]*m", err)


def test_an_empty_no_color_means_colour(mesh: Laptop) -> None:
    """https://no-color.org: only a value that is not empty counts."""
    _, out, _ = Screen(mesh, "plan", NO_COLOR="").end()

    assert ESCAPE in out


def test_a_pipe_gets_neither_progress_nor_colour(mesh: Laptop) -> None:
    ran = mesh.wait_for(
        mesh.start("apply", "--yes", env=environment(TERM="xterm-256color", FORCE_COLOR="1"))
    )

    assert ran.code == 0
    assert ESCAPE not in ran.out + ran.err
    assert ran.err == ""


@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_a_yes_on_the_terminal_applies(mesh: Laptop, answer: str) -> None:
    screen = Screen(mesh, "apply")
    screen.until("err", "Apply these 9 changes?")
    assert "9 to add" in screen.seen["out"].decode()
    screen.type(answer)

    code, _, err = screen.end()

    assert code == 0, err
    assert len(live(mesh.world())) == 3


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "\x03"], ids=["n", "", "^D", "^C"])
def test_anything_else_changes_nothing(mesh: Laptop, answer: str) -> None:
    screen = Screen(mesh, "apply")
    screen.until("err", "Apply these 9 changes?")
    if answer == "\x03":
        time.sleep(0.3)  # input() loses a signal that comes just before it reads
        screen.process.send_signal(signal.SIGINT)
    else:
        screen.type(answer)

    code, _, err = screen.end()

    assert code == 4, err
    assert "not confirmed" in err
    assert live(mesh.world()) == set()


# Hostile text


def _harmless(text: str) -> None:
    allowed = {"\n"}
    bad = {c for c in text if not (c.isprintable() or c in allowed)}
    assert not bad, bad


def test_notes_cannot_reach_the_terminal_raw(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    note = "n\u202eo\u2066t\u200be"
    laptop.mesh(production=[member(one, note=note), member(two, note="x\ny"), member(three)])
    revision = laptop.commit()
    laptop.mesh(production=[member(one, note=note), member(two, note="x\ny")])

    for form in ("text", "markdown"):
        ran = laptop.run("plan", "--base", revision, "--format", form)
        assert ran.code == 0, ran
        _harmless(ran.out + ran.err)


def test_tags_in_aws_cannot_reach_the_terminal_raw(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one), member(two)])
    laptop.converge()
    (made,) = laptop.world().peerings
    laptop.seed.tag(
        one, made, {"Name": "\x9b31mred\u202e\u2066", "business_unit": "a\nb\x85c\u2028"}
    )

    for form in ("text", "markdown"):
        ran = laptop.run("plan", "--detailed-exitcode", "--format", form)
        assert ran.code == 2, ran
        _harmless(ran.out + ran.err)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_messages_of_aws_cannot_reach_the_terminal_raw(laptop: Laptop, form: str) -> None:
    message = "a\u202eb\u2066c\u200bd\ne\x85f\u2028g\x7fh\x9b31mi"
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.fault(
        {"account": A, "action": "CreateRoute", "error": "Weird", "message": message},
        {"account": B, "action": "DescribeVpcs", "error": "Weird", "message": message},
    )

    planned = laptop.run("plan", "--format", form)
    applied = laptop.run("apply", "--yes", "--format", form)

    assert planned.code == 0
    assert applied.code == 5
    assert "Weird" in planned.out
    _harmless(planned.out + planned.err + applied.out + applied.err)


def test_hostile_arguments_and_file_names_cannot_reach_the_terminal_raw(laptop: Laptop) -> None:
    laptop.paper_mesh()
    for arguments in (
        ("plan", "--environment", HOSTILE),
        ("plan", "--base", HOSTILE),
        ("plan", "--meshes", HOSTILE),
        ("apply", "--expect-fingerprint", HOSTILE),
        ("apply", "--expect-plan", HOSTILE),
    ):
        ran = laptop.run(*arguments)
        assert ran.code == 64, ran
        _harmless(ran.out + ran.err)


def test_hostile_yaml_is_told_harmlessly(laptop: Laptop) -> None:
    laptop.mesh(production=[{"account_id": HOSTILE, HOSTILE: HOSTILE}])

    for arguments in (("validate",), ("plan",)):
        ran = laptop.run(*arguments)
        assert ran.code == 3, ran
        _harmless(ran.out + ran.err)


# Debug


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every secret that STS hands out in this process, and the initial one."""
    found = ["initialSecretOfThisTest"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", found[0])
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def spied(client: Any, operation: str, parameters: Any) -> Any:
        answer = send(client, operation, parameters)
        if operation == "AssumeRole":
            found.extend(answer["Credentials"][key] for key in ("SecretAccessKey", "SessionToken"))
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", spied)
    handlers = list(logging.getLogger("bot").handlers)
    yield found
    logging.getLogger("bot").handlers[:] = handlers
    logging.getLogger("bot").setLevel(logging.NOTSET)


def test_debug_shows_no_secret(mesh: Laptop, secrets: list[str]) -> None:
    denied = f"arn:aws:iam::{B}:role/{APPLY_ROLE}"
    for arguments in (("plan",), ("apply", "--yes")):
        mesh.aws.settings(unassumable=[denied] if arguments[0] == "apply" else [])
        mesh.fault({"account": A, "action": "CreateRoute", "error": "UnauthorizedOperation"})
        ran = mesh.run(*arguments, "--debug")

        assert ran.code in (0, 5), ran
        assert len(secrets) > 4
        for secret in secrets:
            assert secret not in ran.out + ran.err


def test_debug_tells_which_calls_are_made(mesh: Laptop, secrets: list[str]) -> None:
    """`--debug`: "Tell on standard error what is done" (its help)."""
    ran = mesh.ok("plan", "--debug")

    assert "ec2:DescribeVpcs" in ran.err
    assert "sts:AssumeRole" in ran.err
    assert "DescribeVpcs" not in ran.out
