"""The real program with short leases and a clock that is set, for tests of several servers.

Every duration of a lease is a tenth of the real one, and the clock is `CLOCK_AHEAD` ms ahead.
"""

import sys
import time

from fancymonkey.engine import clock

SHORTER = 10
SCRIPT = f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
"""The `script` of a `Server`."""


def _ahead() -> int:
    import os

    return time.time_ns() // 1_000_000 + int(os.environ.get("CLOCK_AHEAD", "0"))


def _shorten(name: str, value: float) -> None:
    """Divides a duration in every module that has imported it."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("fancymonkey.") and vars(module).get(name) is value:
            setattr(module, name, value / SHORTER)


def main() -> None:
    """Runs the command line."""
    # Other modules have imported the function, which therefore stays: only its code changes.
    clock.system_clock.__code__ = _ahead.__code__
    from fancymonkey import cli
    from fancymonkey.jobs import executor, lease, runner

    for name in ("RENEW_SECONDS", "GIVE_UP_SECONDS", "ANSWER_SECONDS", "STALE_SECONDS"):
        _shorten(name, getattr(lease, name))
    runner.LOOK_SECONDS /= SHORTER
    assert vars(executor)["STALE_SECONDS"] == lease.STALE_SECONDS
    cli.main()


if __name__ == "__main__":
    main()
