"""``python -m bot.emulator.aws --port 0 --provisioning-seconds 3``: AWS on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from bot.emulator.aws.server import serve
from bot.emulator.aws.settings import Settings


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop; every setting is an option, ``--settings`` takes several."""
    parser = argparse.ArgumentParser(prog="python -m bot.emulator.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--until-stdin-closes", action="store_true")
    parser.add_argument("--settings", type=json.loads, default={}, metavar="JSON")
    for setting in fields(Settings):
        parser.add_argument(f"--{setting.name.replace('_', '-')}", type=_value, metavar="VALUE")
    given = vars(parser.parse_args(arguments))
    changes = {f.name: given[f.name] for f in fields(Settings) if given[f.name] is not None}
    try:
        settings = Settings().changed({**given["settings"], **changes})
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    serve(given["port"], settings, until_stdin_closes=given["until_stdin_closes"])


def _value(text: str) -> Any:
    """JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    main(sys.argv[1:])
