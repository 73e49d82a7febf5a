"""What the writing connection remembers of the database between two batches.

While the head's row has the version that our last batch left there, nobody else has written, and
every row is as we know it: the batch can be decided without reading, and the write makes sure.
"""

from collections.abc import Sequence

from fancymonkey.core.command import Command
from fancymonkey.core.execute import flatten
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.model import HELD, Event, Outcome, Reservation, SessionLink
from fancymonkey.core.state import Load, State
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.store.sql.row_cache import RowCache
from fancymonkey.store.sql.statements import Keys, expect, keys_by_kind

WARY = 10
"""So many batches read before they decide after memory has been wrong."""


class PostgresRowCache:
    """The rows that are known, and the version of the head with which they hold.

    `mark` is None while nothing is known.
    """

    def __init__(self) -> None:
        self.mark: str | None = None
        self._known = RowCache()
        self._revision = 0
        self._next_due = 0
        self._wary = 0

    def recall(self, now: int, after: int) -> State | None:
        """A batch that may be decided on what is known; None where it has to read.

        The caller knows the entries up to `after`; those that follow would have to be read, and so
        would holds whose time is up.
        """
        if self._wary:
            self._wary -= 1
            return None
        if self.mark is None or after < self._revision or now >= self._next_due:
            return None
        return self._known.begin(self._revision, now)

    def begin(self, now: int) -> State:
        """A batch that will read what is not known. `keep` has to tell how it went."""
        if self.mark is None:
            self._known.forget()
        return self._known.begin(0, now)

    def keep(self, state: State, mark: str, next_due: int | None = None) -> None:
        """A batch has left the head with this mark.

        `next_due`: when the first hold ends that it has left alive, where it has read that.
        """
        self._known.learn(state)
        self.mark, self._revision = mark, state.revision
        ends = [
            hold.expires_at
            for hold in state.changed.get(Reservation, {}).values()
            if hold.status is HELD and hold.expires_at is not None
        ]
        self._next_due = min([self._next_due if next_due is None else next_due, *ends])

    def show(self, snapshot: StockSnapshot, mark: str) -> None:
        """Takes over what a snapshot shows that was made while the head had this mark."""
        if mark == self.mark:
            self._known.show(snapshot)

    def forget(self, *, wrong: bool = False) -> None:
        """Knows nothing any more; `wrong`: for it turned out to be wrong."""
        self.mark = None
        if wrong:
            self._wary = WARY

    def suppose(self, state: State, load: Load, commands: Sequence[Command]) -> Keys | None:
        """The rows asked for, as if there were none; None where that cannot be supposed.

        A buyer's new session, a new id of a command or of an event are most likely not there. The
        state takes that for granted, and the write must make sure.
        """
        wanted = keys_by_kind(load)
        sessions = {part.session_id for part in flatten(commands) if isinstance(part, Reserve)}
        for kind, keys in wanted.items():
            if kind in (Reservation, SessionLink):
                if not sessions.issuperset(keys):
                    return None
            elif kind not in (Outcome, Event):
                return None
        expect(state.base, wanted)
        return wanted

    def retract(self, state: State, supposed: Keys, mark: str) -> None:
        """Nobody has made sure of what was supposed; the rest holds with this mark, as before."""
        self.mark = mark
        for kind, keys in supposed.items():
            for key in keys:
                del state.base[kind][key]
