"""The pace of messages to an audience, and the number of listeners that are served in one turn.

Selling comes first: the more a message to all costs, the longer until the next one, and buyers'
requests run after every few listeners.
"""

SHARE = 0.025
"""The share of a core that messages to listeners may take on average."""

LONGEST_SECONDS = 0.65
"""The longest time between two messages to all while something changes."""

SPREAD_SECONDS = 0.25
"""The time in which a message is written to all: all have the last state within a second."""

WRITE_SECONDS = 15e-6
BYTE_SECONDS = 0.6e-9
"""The cost of a write, and of each of its bytes."""

PORTION_MIN = 8
PORTION_MAX = 64
"""Listeners that are served in one turn."""

PORTION_BYTES = 1024 * 1024
"""Bytes that are written in one turn, if there is more than one listener in it."""


def cost_of(writes: int, size: int) -> float:
    """The estimated CPU time (s) of writes with `size` bytes together."""
    return writes * WRITE_SECONDS + size * BYTE_SECONDS


class Pace:
    """The times at which messages may begin: some at once, then one each `seconds` or later."""

    def __init__(self, seconds: float, burst: int) -> None:
        """After a quiet time `burst` messages may go one right after the other."""
        self._seconds = seconds
        self._ahead = seconds * (burst - 1)
        self._next = 0.0

    def wait(self, now: float) -> float:
        """The time (s) until the next message may begin."""
        return min(max(0.0, self._next - self._ahead - now), LONGEST_SECONDS)

    def sent(self, began: float, cost: float) -> None:
        """Counts a message to all: when it began (s), and its CPU time (s)."""
        step = max(self._seconds, min(cost / SHARE, LONGEST_SECONDS))
        self._next = min(max(self._next, began) + step, began + self._ahead + LONGEST_SECONDS)


class Portions:
    """The number of listeners for each turn, so that all are served in time."""

    def __init__(self, listeners: int, size: int, now: float) -> None:
        """`size` is that of the message in bytes."""
        self._left = listeners
        self._most = max(1, min(PORTION_MAX, PORTION_BYTES // max(1, size)))
        self._began = self._turn_at = now
        self._turns = 0

    def next(self, now: float) -> int:
        """The number for the turn that begins now: few as long as that is enough."""
        time_left = self._began + SPREAD_SECONDS - now
        turn = (now - self._began) / self._turns if self._turns else 0.0
        needed = self._left if time_left <= 0 else int(self._left * turn / time_left) + 1
        count = min(max(PORTION_MIN, needed), self._most, max(1, self._left))
        self._turns += 1
        self._left -= count
        return count
