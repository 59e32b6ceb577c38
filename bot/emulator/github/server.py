"""The emulator as HTTP servers on the loopback interface: one for the API, one for archives."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bot.emulator.github import control
from bot.emulator.github.emulator import Emulator, Request, Response

HOST = "127.0.0.1"
Answer = Callable[[Request], Response]


class QuietHandler(WSGIRequestHandler):
    """Writes no access log: the record has it all."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def serving(emulator: Emulator, port: int = 0) -> Iterator[Emulator]:
    """Serve in threads of this process; ``emulator.world.url`` says where. 0: any free port."""
    api = listening(port, lambda request: route(emulator, request))
    storage = listening(0, emulator.storage)
    emulator.world.url = f"http://{HOST}:{api.port}"
    # Another name and port, as on GitHub: clients must not send their token along.
    emulator.world.storage_url = f"http://localhost:{storage.port}"
    threads = [Thread(target=s.serve_forever, args=(0.02,), daemon=True) for s in (api, storage)]
    for thread in threads:
        thread.start()
    try:
        yield emulator
    finally:
        for server in (api, storage):
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


def route(emulator: Emulator, request: Request) -> Response:
    """To the control endpoint or to the API."""
    if request.path.startswith(control.PREFIX):
        return control.answer(emulator, request)
    return emulator.answer(request)


def listening(port: int, answer: Answer) -> BaseWSGIServer:
    """A server that is bound and not yet serving."""
    server = make_server(
        HOST, port, application(answer), threaded=True, request_handler=QuietHandler
    )
    # Closing must not wait for idle keep-alive connections of clients.
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    return server


def application(answer: Answer) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """WSGI around an answer."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = answer(request_of(environ))
        if response.drop:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionError("dropped, as a fault rule says")
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        start_response(f"{response.status} Emulated", list(headers.items()))
        return [response.body]

    return app


def request_of(environ: dict[str, Any]) -> Request:
    """A WSGI environment as a Request, its path as it was sent."""
    target = str(environ["REQUEST_URI"])
    path, _, query = target.partition("?")
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_") or key == "CONTENT_TYPE"
    }
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)
