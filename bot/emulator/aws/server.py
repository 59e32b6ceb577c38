"""The server process: loopback only, one thread a connection, gone at once on SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from bot.emulator.aws.settings import Settings


def serve(port: int, settings: Settings, *, until_stdin_closes: bool = False) -> None:
    """Serve on 127.0.0.1, printing the URL once it answers; returns never.

    ``port`` 0 takes a free one. ``until_stdin_closes`` ends the process when its standard
    input does, so that it cannot outlive the one that started it.
    """
    # moto reads this when it is imported; its machine images take half a second per scope.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    from werkzeug.serving import make_server

    from bot.emulator.aws.app import Application
    from bot.emulator.aws.world import World

    server = make_server(
        "127.0.0.1", port, Application(World(settings)), threaded=True, request_handler=_handler()
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if until_stdin_closes:
        threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _exit_at_end_of_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        """Keeps connections open, as AWS does, and logs nothing."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # one packet for headers and body

        def handle_expect_100(self) -> bool:
            """The go-ahead must not wait in the buffer for an answer that waits for it."""
            ahead = super().handle_expect_100()
            self.wfile.flush()
            return ahead

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    return Handler
