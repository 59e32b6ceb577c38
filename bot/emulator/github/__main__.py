"""``python -m bot.emulator.github``: serve until SIGINT or SIGTERM; prints the URL first."""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from bot.emulator.github.emulator import Emulator
from bot.emulator.github.server import serving


def main() -> None:
    """Parse arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m bot.emulator.github", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    parser.add_argument("--record", action="store_true", help="keep bodies of all exchanges")
    arguments = parser.parse_args()
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(Emulator(record=arguments.record), arguments.port) as emulator:
        sys.stdout.write(f"{emulator.world.url}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
