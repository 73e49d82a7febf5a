"""The state of one batch: rows loaded, rows written, entries made."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fancymonkey.core.ledger import Author, evolve
from fancymonkey.core.model import (
    HELD,
    Entry,
    Kind,
    Level,
    Reservation,
    Row,
    SessionLink,
)

R = TypeVar("R", bound=Row)
Rows = dict[type[Row], dict[Hashable, Any]]
Key = tuple[type[Row], Hashable]


class AllLevels(Row):
    """Not a row: the key `(AllLevels, sku)` asks for the levels of a SKU at all locations."""


class State:
    """The rows a batch may see, with its own changes on top.

    `base` belongs to the store and is never written here, so a failed commit has no effect.
    A key that is absent from `base` means that there is no such row. `locations` has, by SKU, where
    `base` has levels: of all SKUs, or of those that were asked for.
    """

    def __init__(
        self,
        base: Rows,
        revision: int,
        now: int,
        locations: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.base = base
        self.locations: Mapping[str, Iterable[str]] = {} if locations is None else locations
        self.revision = revision
        self.now = now
        self.changed: Rows = {}
        self.entries: list[Entry] = []
        self.expired: list[Reservation] = []
        self.added: set[Key] = set()
        self._undo: list[tuple[type[Row], Hashable, Any]] = []
        self._savepoints = 0
        self._holds: dict[str, set[str]] | None = None
        self._new_levels: dict[str, set[str]] = {}
        """By SKU, the locations where this batch has booked its first units."""

    def get(self, kind: type[R], key: Hashable) -> R | None:
        """The row with the changes of this batch so far, or None."""
        rows = self.changed.get(kind)
        row: R | None = None if rows is None else rows.get(key)
        if row is None:
            row = self.base[kind].get(key)
        return row

    def rows_of(self, kind: type[R], keys: Sequence[Hashable]) -> list[R | None]:
        """The row of each key, as `get` has it."""
        rows, base = self.changed.get(kind), self.base[kind]
        if rows is None:
            return list(map(base.get, keys))
        return [rows.get(key) or base.get(key) for key in keys]

    def put(self, row: Row) -> Hashable:
        """Writes a row, new or changed. Returns its key."""
        kind, key = type(row), row.key
        rows = self.changed.get(kind)
        if rows is None:
            rows = self.changed[kind] = {}
        if self._savepoints:
            self._undo.append((kind, key, rows.get(key, _ABSENT)))
        rows[key] = row
        if self._holds is not None and isinstance(row, Reservation):
            for allocation in row.allocations:
                self._holds.setdefault(allocation.sku, set()).add(row.reservation_id)
        return key

    def add(self, row: Row) -> None:
        """Writes a row that cannot be there yet: a store refuses the batch where it is."""
        self.added.add((type(row), self.put(row)))

    def level(self, sku: str, location: str) -> Level:
        """The level, empty if nothing was ever booked."""
        key = (sku, location)
        rows = self.changed.get(Level)  # as `get` does, without its call: every sale asks twice
        level: Level | None = None if rows is None else rows.get(key)
        if level is None:
            level = self.base[Level].get(key)
        return Level(sku, location) if level is None else level

    def levels_of(self, sku: str) -> list[Level]:
        """The levels of the SKU at all its locations, in the order of their names.

        Raises KeyError if the needs of the command do not have the key `(AllLevels, sku)`.
        """
        rows, base = self.changed.get(Level, {}), self.base[Level]  # as `get` does, without it
        levels: list[Level] = []
        for account in self.accounts_of(sku):
            key = (sku, account)
            level: Level | None = rows.get(key) or base.get(key)
            if level is not None:
                levels.append(level)
        return levels

    def accounts_of(self, sku: str) -> list[str]:
        """The names of the locations of `levels_of`; some may have no level. Raises KeyError."""
        accounts = self.locations[sku]
        begun = self._new_levels.get(sku)
        return sorted(accounts) if begun is None else sorted({*accounts, *begun})

    def hold(self, ref: str) -> Reservation | None:
        """The hold that an id means: its own id, or a session's latest."""
        holds = self.changed.get(Reservation)  # as `get` does, without its calls
        own: Reservation | None = None if holds is None else holds.get(ref)
        if own is None:
            own = self.base[Reservation].get(ref)
        if own is not None:
            return own
        links = self.changed.get(SessionLink)
        link: SessionLink | None = None if links is None else links.get(ref)
        if link is None:
            link = self.base[SessionLink].get(ref)
        return None if link is None else self.get(Reservation, link.reservation_id)

    def holds_of(self, sku: str) -> list[Reservation]:
        """Live holds with units of this SKU, in the order of their deadlines."""
        if self._holds is None:
            self._holds = {}
            for rows in (self.base[Reservation], self.changed.get(Reservation, {})):
                for row in rows.values():
                    if row is not None and row.status is HELD:
                        for allocation in row.allocations:
                            self._holds.setdefault(allocation.sku, set()).add(row.reservation_id)
        rows_now = (self.get(Reservation, id_) for id_ in self._holds.get(sku, ()))
        live = [
            row
            for row in rows_now
            if row is not None
            and row.status is HELD
            and any(allocation.sku == sku for allocation in row.allocations)
        ]
        return sorted(live, key=by_deadline)

    def book_movement(  # one argument a quantity: the call reads as the entry it makes
        self,
        kind: Kind,
        sku: str,
        location: str,
        by: Author,
        *,
        on_hand: int = 0,
        reserved: int = 0,
        allocated: int = 0,
        incoming: int = 0,
        backordered: int = 0,
        reservation: Reservation | None = None,
        reason: str = "",
        cause: str | None = None,
    ) -> Level:
        """Books a movement: one ledger entry, and the level after it. Raises InvariantBroken.

        The entry has the actor of `by`, and its cause unless another `cause` is given.
        """
        key = (sku, location)
        rows = self.changed.get(Level)  # `level` and `put`, without the calls: every sale is here
        before: Level | None = None if rows is None else rows.get(key)
        level: Level | None = self.base[Level].get(key) if before is None else before
        if level is None:
            level = Level(sku, location)
            self._new_levels.setdefault(sku, set()).add(location)
        on_hand_after = level.on_hand + on_hand
        reserved_after = level.reserved + reserved
        missing = reserved_after + level.allocated + allocated - on_hand_after
        self.revision += 1
        entry = Entry(
            self.revision,
            self.now,
            kind,
            sku,
            location,
            on_hand,
            reserved,
            allocated,
            incoming,
            backordered,
            (missing if missing > 0 else 0) - level.short,
            on_hand_after,
            reserved_after,
            None if reservation is None else reservation.reservation_id,
            None if reservation is None else reservation.expires_at,
            by.actor,
            reason,
            by.cause if cause is None else cause,
        )
        after = evolve(level, entry)
        self.entries.append(entry)
        if rows is None:
            rows = self.changed[Level] = {}
        if self._savepoints:
            self._undo.append((Level, key, _ABSENT if before is None else before))
        rows[key] = after
        return after

    def book_hold(self, hold: Reservation, levels: Sequence[Level], by: Author) -> None:
        """Books all units of a new hold, as `book_movement` does. Raises InvariantBroken.

        `levels` are the present levels of its allocations, which are at different ones.
        """
        rows = self.changed.setdefault(Level, {})
        id_, until, actor, cause = hold.reservation_id, hold.expires_at, by.actor, by.cause
        for units, level in zip(hold.allocations, levels, strict=True):
            sku, location, quantity = level.sku, level.location, units.quantity
            on_hand, reserved = level.on_hand, level.reserved + quantity
            missing = reserved + level.allocated - on_hand
            short = (missing if missing > 0 else 0) - level.short
            self.revision += 1
            entry = Entry(
                self.revision,
                self.now,
                _RESERVED,
                sku,
                location,
                0,
                quantity,
                0,
                0,
                0,
                short,
                on_hand,
                reserved,
                id_,
                until,
                actor,
                "",
                cause,
            )
            after = evolve(level, entry)
            self.entries.append(entry)
            if self._savepoints:
                self._undo.append((Level, level.key, rows.get(level.key, _ABSENT)))
            rows[sku, location] = after

    def book_event(
        self,
        kind: Kind,
        sku: str,
        location: str,
        by: Author,
        *,
        reservation: Reservation | None = None,
        reason: str = "",
    ) -> None:
        """Records a change of something other than a quantity, so that every reader sees it.

        `location` is where the change was made or where the hold has its units.
        """
        level = self.level(sku, location)
        if self.get(Level, level.key) is not None:  # a product has none
            self.put(replace(level, updated_at=self.now))
        self.revision += 1
        self.entries.append(
            Entry(
                self.revision,
                self.now,
                kind,
                sku,
                location,
                on_hand_after=level.on_hand,
                reserved_after=level.reserved,
                reservation_id=None if reservation is None else reservation.reservation_id,
                until=None if reservation is None else reservation.expires_at,
                actor=by.actor,
                reason=reason,
                cause=by.cause,
            )
        )

    def loaded(self) -> None:
        """Forgets values derived from `base`: the store has added rows to it."""
        self._holds = None

    def savepoint(self) -> "Savepoint":
        """A context whose `undo()` takes back every change since its start."""
        return Savepoint(self)


class Savepoint:
    """A point to which the batch's changes can be undone. Savepoints nest."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __enter__(self) -> "Savepoint":
        state = self._state
        state._savepoints += 1
        self._mark = len(state._undo)
        self._revision = state.revision
        self._entries = len(state.entries)
        return self

    def undo(self) -> None:
        """Takes back every row and entry since the start of the context."""
        state = self._state
        while len(state._undo) > self._mark:
            kind, key, old = state._undo.pop()
            rows = state.changed[kind]
            if old is not _ABSENT:
                rows[key] = old
                continue
            del rows[key]
            state.added.discard((kind, key))
            if not rows:  # a batch without changes is not written
                del state.changed[kind]
        del state.entries[self._entries :]
        state.revision = self._revision
        state._holds = None

    def before(self) -> dict[Key, Row | None]:
        """Each row that was put since the start of the context, as it was then."""
        state = self._state
        rows: dict[Key, Row | None] = {}
        for kind, key, old in state._undo[self._mark :]:
            if (kind, key) not in rows:
                rows[kind, key] = state.base[kind].get(key) if old is _ABSENT else old
        return rows

    def __exit__(self, *exc: object) -> None:
        self._state._savepoints -= 1
        if not self._state._savepoints:
            self._state._undo.clear()


_ABSENT = object()
_RESERVED = Kind.RESERVED


def by_deadline(row: Reservation) -> tuple[int, str]:
    """Sorts holds by deadline; those without one come last."""
    return (FOREVER if row.expires_at is None else row.expires_at, row.reservation_id)


FOREVER = 2**62
