"""meshbot whose leases live for seconds: ``python -m tests.integration.quick_lease apply``."""

from __future__ import annotations

import sys

from bot.cli import run
from bot.model import lease

QUICK = lease.LeaseSettings(ttl=3, beat=0.3, retry=0.2, margin=1, skew=0.5, fresh=0.2, poll=0.2)

if __name__ == "__main__":
    lease.SETTINGS = QUICK
    sys.exit(run(sys.argv[1:]))
