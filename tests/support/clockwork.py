"""The program with a clock of the test: `python -m tests.support.clockwork serve …`.

The file named by CLOCK_OFFSET has the offset in ms. Timers and timeouts use real time, as after a
change of the clock of a machine.
"""

import os
import time
from pathlib import Path

from fancymonkey.engine import clock

OFFSET = Path(os.environ["CLOCK_OFFSET"])


def set_clock() -> int:
    """The time of the machine plus the offset in the file."""
    return time.time_ns() // 1_000_000 + int(OFFSET.read_text() or 0)


if __name__ == "__main__":
    clock.system_clock = set_clock  # before another module has imported it
    from fancymonkey.cli import main

    main()
