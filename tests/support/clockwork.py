"""The program with a clock of the test: the `script` of a `Server`.

The file named by CLOCK_OFFSET has the offset in ms. Timers and timeouts use real time, as after a
change of the clock of a machine.
"""

import time

from fancymonkey.engine import clock

SCRIPT = f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
"""The `script` of a `Server`."""


def set_clock() -> int:
    """The time of the machine plus the offset in the file."""
    import os
    from pathlib import Path

    return time.time_ns() // 1_000_000 + int(Path(os.environ["CLOCK_OFFSET"]).read_text() or 0)


if __name__ == "__main__":
    # Other modules have imported the function, which therefore stays: only its code changes.
    clock.system_clock.__code__ = set_clock.__code__
    from fancymonkey.cli import main

    main()
