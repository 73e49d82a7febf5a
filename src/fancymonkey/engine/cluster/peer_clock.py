"""The clock of another machine, as far as this one can know it."""

DRIFT = 0.001
"""The drift (s) of two clocks in a second. Real ones have a tenth of it."""


class PeerClock:
    """A time that the other machine's monotonic clock has surely reached.

    A message brings a time that is older by its way here. The latest of these, less what the clocks
    may have gone apart since, is never ahead of the other clock.
    """

    def __init__(self, *, shared: bool) -> None:
        """`shared`: both processes are on one machine, and have one clock."""
        self._shared = shared
        self._ahead = float("-inf")
        self._since = 0.0

    def heard(self, theirs: float, now: float) -> None:
        """A message with a time of the other clock has arrived now. Both in s."""
        self._ahead = max(theirs - now, self._least(now))
        self._since = now

    def reached(self, now: float) -> float:
        """A time (s) that the other clock has reached, at this time of the own one."""
        return now if self._shared else now + self._least(now)

    def _least(self, now: float) -> float:
        return self._ahead - DRIFT * (now - self._since)
