"""The real program with short leases and a clock that is set, for tests of several servers.

Every duration of a lease is a tenth of the real one, and the clock is `CLOCK_AHEAD` ms ahead.
"""

import os
import sys
import time
from pathlib import Path

from fancymonkey.engine import clock

SHORTER = 10
AHEAD = int(os.environ.get("CLOCK_AHEAD", "0"))
PROGRAM = (sys.executable, str(Path(__file__)))
"""The `program` of a `Server`."""


def _ahead() -> int:
    return time.time_ns() // 1_000_000 + AHEAD


def main() -> None:
    """Runs the command line. Other modules copy these values when they are imported."""
    clock.system_clock = _ahead
    from fancymonkey.jobs import lease

    for name in ("RENEW_SECONDS", "GIVE_UP_SECONDS", "ANSWER_SECONDS", "STALE_SECONDS"):
        setattr(lease, name, getattr(lease, name) / SHORTER)
    from fancymonkey.jobs import runner

    runner.LOOK_SECONDS /= SHORTER
    from fancymonkey import cli

    cli.main()


if __name__ == "__main__":
    main()
