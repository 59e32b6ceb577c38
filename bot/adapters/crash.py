"""Where the details of an unexpected failure go, and what ``--debug`` tells."""

from __future__ import annotations

import logging
import platform
import sys
import tempfile
import traceback

from bot import __version__
from bot.adapters.redaction import without_secrets


def crash_log() -> str:
    """Write the exception that is being handled to a new file; answers with its path.

    The file is readable by its owner alone. It holds the traceback and versions, no
    variables, since those could hold credentials, and messages without what looks like one.
    """
    lines = [f"meshbot {__version__}, Python {platform.python_version()}, {platform.platform()}\n"]
    lines += traceback.format_exception(*sys.exc_info())
    with tempfile.NamedTemporaryFile(
        "w", prefix="meshbot-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write(without_secrets("".join(lines)))
    return file.name


def debug_logging() -> None:
    """Show meshbot's own log on standard error; boto3's stays off, it holds credentials."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    logger = logging.getLogger("bot")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
