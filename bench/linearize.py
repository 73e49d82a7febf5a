"""`python -m bench.linearize --operations N`: checks every operation of three servers.

They run in virtual time on one database, two of them on one machine, and one of them decides.
Servers crash, restart and are stopped, connections are cut, the database fails. An operation is
linearizable if its entry was committed once, between its start and its answer; see
`tests/sim/cluster_world.py`. The exit code is 1 at the first day with a violation, and the seed of
that day is printed.
"""

import argparse
import logging
import sys
import time
from dataclasses import dataclass

from tests.sim.cluster_world import ClusterWorld
from tests.sim.run import Violation
from tests.sim.test_cluster import day

REPORT_DAYS = 25
"""Days between two lines of progress."""


@dataclass(slots=True)
class Tally:
    """The sums over all days so far."""

    days: int = 0
    operations: int = 0
    forwarded: int = 0
    unknown: int = 0

    def add(self, world: ClusterWorld) -> None:
        """Adds a day that was checked."""
        self.days += 1
        self.operations += len(world.operations)
        self.forwarded += world.forwarded
        self.unknown += sum(operation.answer is None for operation in world.operations)

    def __str__(self) -> str:
        return (
            f"{self.operations:,} operations in {self.days:,} days, {self.forwarded:,} commands"
            f" sent to a decider, {self.unknown:,} outcomes unknown, each operation linearizable"
        )


def linearize(operations: int, seed: int, report: bool = False) -> Tally:
    """Checks this many operations, in days from this seed on. Raises Violation."""
    tally = Tally()
    while tally.operations < operations:
        tally.add(day(seed + tally.days, ClusterWorld.run))
        if report and tally.days % REPORT_DAYS == 0:
            print(tally, flush=True)
    return tally


def main() -> None:
    """Checks, prints the sums, and ends with 1 if an operation is not linearizable."""
    parser = argparse.ArgumentParser(prog="python -m bench.linearize", description=__doc__)
    parser.add_argument("--operations", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first day")
    given = parser.parse_args()
    logging.getLogger("fancymonkey").setLevel(logging.ERROR)
    started = time.monotonic()
    try:
        tally = linearize(given.operations, given.seed, report=True)
    except Violation as violation:
        print(violation, flush=True)
        sys.exit(1)
    print(f"{tally}, in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
