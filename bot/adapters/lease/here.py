"""Who we are, for whoever finds the lease busy."""

from __future__ import annotations

import getpass
import os
import socket


def laptop() -> str:
    """``user@host (process 1234)``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an id without a name, as in containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"
