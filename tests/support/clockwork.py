"""The program with a clock of the test: `python -m tests.support.clockwork serve …`.

The file that CLOCK_OFFSET names holds how many milliseconds it is ahead; the time that passes
(timers, timeouts) is the real one, as where somebody sets the clock of a machine.
"""

import os
import time
from pathlib import Path

from fancymonkey.engine import clock

OFFSET = Path(os.environ["CLOCK_OFFSET"])


def set_clock() -> int:
    """The time of the machine, and what the file says besides."""
    return time.time_ns() // 1_000_000 + int(OFFSET.read_text() or 0)


if __name__ == "__main__":
    clock.system_clock = set_clock  # before anybody else has imported it
    from fancymonkey.cli import main

    main()
