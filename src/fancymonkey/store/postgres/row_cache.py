"""Caches rows of the database between the batches of the writing connection.

While the head row has the version that our last batch has left, no other process has written, and
the cached rows are current: a batch can be decided without a read, and its write verifies this.
"""

from collections.abc import Sequence

from fancymonkey.core.command import Command
from fancymonkey.core.execute import flatten
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.load import Load
from fancymonkey.core.model import HELD, Event, Outcome, Reservation, SessionLink
from fancymonkey.core.state import State
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.store.sql.row_cache import RowCache, RowChange
from fancymonkey.store.sql.statements import Keys, expect, keys_by_kind

RECOVERED_MAX = 5000
"""After more changes of other processes no rows stay cached."""

WARY = 10
"""The number of batches that read from the database after the cache was wrong."""


class PostgresRowCache:
    """The cached rows, and the version of the head row (`mark`) with which they are valid.

    `mark` is None while the cache is not valid.
    """

    def __init__(self) -> None:
        self.mark: str | None = None
        self._known = RowCache()
        self._revision = 0
        self._next_due = 0
        self._wary = 0

    def recall(self, now: int, after: int) -> State | None:
        """A batch that may be decided on cached rows; None if it has to read the database.

        The caller knows the entries up to `after`; later entries and due holds must be read.
        """
        if self._wary:
            self._wary -= 1
            return None
        if self.mark is None or after < self._revision or now >= self._next_due:
            return None
        return self._known.begin(self._revision, now)

    def begin(self, now: int) -> State:
        """A batch that reads the rows that are not cached. `keep` must be called afterwards."""
        if self.mark is None:
            self._known.forget()
        return self._known.begin(0, now)

    def keep(self, state: State, mark: str, next_due: int | None = None) -> None:
        """Adds the changes of a batch that has left the head with this mark.

        `next_due`: the earliest deadline of the remaining holds, if the batch has read it.
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
        """Adds the rows of a snapshot that was read while the head had this mark."""
        if mark == self.mark:
            self._known.show(snapshot)

    def forget(self, *, wrong: bool = False) -> None:
        """Invalidates the cache; `wrong`: because a write has found it to be wrong.

        Its rows stay until the next batch, for `recover`.
        """
        self.mark = None
        if wrong:
            self._wary = WARY

    def clear(self) -> None:
        """Removes all rows."""
        self.mark, self._revision = None, 0
        self._known.forget()

    @property
    def outdated_since(self) -> int | None:
        """The revision since which the rows may have changed; None if they are valid or gone."""
        return self._revision if self.mark is None and self._revision else None

    def recover(self, mark: str, revision: int, changes: Sequence[RowChange]) -> None:
        """Makes the cache valid again without the rows that others have changed.

        `changes` are those after `outdated_since`, up to the revision that the head has with this
        mark.
        """
        if revision < self._revision or len(changes) > RECOVERED_MAX:
            self.clear()
            return
        self._known.keep_unchanged(changes)
        self.mark, self._revision = mark, revision

    def suppose(self, state: State, load: Load, commands: Sequence[Command]) -> Keys | None:
        """The keys of needed rows, assumed to be absent; None if that cannot be assumed.

        A new session of a buyer, or a new id of a command or an event, most likely does not exist.
        The batch assumes that, and the write must verify it.
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
        """Removes assumptions that were not verified; the other rows stay valid with this mark."""
        self.mark = mark
        for kind, keys in supposed.items():
            for key in keys:
                del state.base[kind][key]
