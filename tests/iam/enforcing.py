"""The AWS emulator with moto's IAM enforcement within reach, as a process.

moto judges by action alone: it takes every resource for ``*``, and looks at no condition, trust
or session policy. Enforcement is off until ``POST /moto-api/reset-auth`` says 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.emulator.aws import Emulator


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
    request = urllib.request.Request(  # noqa: S310  (the URL is the emulator's own)
        f"{aws.url}/moto-api/reset-auth",
        b"0" if on else b"inf",
        {"Content-Type": "text/plain"},  # a form would be refused
        method="POST",
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def _main() -> None:
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # read when moto is imported
    from bot.emulator.aws import app
    from bot.emulator.aws.server import serve
    from bot.emulator.aws.settings import Settings

    class Application(app.Application):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            if environ["PATH_INFO"] == "/moto-api/reset-auth":
                return self._moto(environ, start_response)
            return super().__call__(environ, start_response)

    setattr(app, "Application", Application)  # noqa: B010  (mypy forbids the assignment)
    serve(0, Settings(), until_stdin_closes=True)


if __name__ == "__main__":
    _main()
