"""The stored history of a network: its live holds, and how long its past holds kept each SKU.

It has two documents. The recent one is written at each hold and stays short; when it is full its
words move to the older one, which may be long and is rarely written. So a hold costs the same for
any number of holds of its network.

A word `hold:address:since:marks` names a live hold and the SKUs that it has had since then: a SKU
that it has lost since was kept from others as well. A word `~address:ended:kept:marks` replaces
ended holds: it has the time for which they kept the SKUs. Holds of about the same time share a
word.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import HELD, Allocation, Reservation, Status
from fancymonkey.core.state import Key, State

FOLDER = "source"
WINDOW = 7_200_000
"""The time for which an ended unpaid hold is remembered, in ms."""
SEEN_MAX = 200
"""The most live holds of a network, and the most past ones that are remembered."""
RECENT_MAX = 24
"""The most words of the recent document."""
SLOT = 600_000
"""Holds that ended within this time (ms) are remembered as one."""
BRIEF = 100
"""A hold that lasted less, in ms, is not remembered."""
OLDER = "+"
"""The first word of a recent document if there is an older one."""

Marks = frozenset[str]


@dataclass(frozen=True, slots=True)
class KnownHold:
    """A hold, its address, and the SKUs that it has had `since` a time."""

    id: str
    address: str
    since: int | None = None
    marks: Marks | None = None

    def __str__(self) -> str:
        marks = "" if self.marks is None else "".join(sorted(self.marks))
        return f"{self.id}:{self.address}:{self.since}:{marks}"


@dataclass(frozen=True, slots=True)
class UnpaidHold:
    """SKUs that an address has kept for some ms, up to `ended_at`, without paying.

    `id` is the hold if it is still known.
    """

    address: str
    ended_at: int
    held_ms: int
    marks: Marks
    id: str | None = None

    def __str__(self) -> str:
        return f"~{self.address}:{self.ended_at}:{self.held_ms}:{''.join(sorted(self.marks))}"


class NetworkPage(NamedTuple):
    """The content of a document."""

    named: tuple[KnownHold, ...] = ()
    past: tuple[UnpaidHold, ...] = ()
    older: bool = False


EMPTY = NetworkPage()


class NetworkHistory(NamedTuple):
    """The live holds of a network with their addresses, and its remembered past holds."""

    live: dict[str, tuple[Reservation, str]]
    past: list[UnpaidHold]


NOTHING = NetworkHistory({}, [])


@lru_cache(maxsize=8192)
def mark_of(sku: str) -> str:
    """Four characters for a SKU. Two SKUs rarely share them, and then count as one here."""
    return hashlib.blake2b(sku.encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()


def needs_network(network: str, state: State) -> Iterator[Key]:
    """The rows that the functions of this file read."""
    yield Document, (FOLDER, network)
    if state.get(Document, (FOLDER, network)) is None:  # the usual case
        return
    recent, older = _pages(state, network)
    if recent.older:
        yield Document, (FOLDER, _older(network))
    for named in (*recent.named, *older.named):
        yield Reservation, named.id


def seen_of(state: State, network: str) -> NetworkHistory:
    """The history of a network now."""
    if state.get(Document, (FOLDER, network)) is None:  # the usual case
        return NOTHING
    pages = _pages(state, network)
    live: dict[str, tuple[Reservation, str]] = {}
    past = [row for page in pages for row in page.past if _is_recent(state, row)]
    for page in pages:
        for named in page.named:
            hold = state.get(Reservation, named.id)
            if hold is not None:
                if hold.status is HELD:
                    live.setdefault(named.id, (hold, named.address))
                row = _past_of(state, named, hold)
                if row is not None and _is_recent(state, row):
                    past.append(row)
    return NetworkHistory(live, past)


def note_hold(state: State, network: str, address: str, hold: Reservation, wait: int) -> None:
    """Remembers a hold in its present state. A past hold of `wait` ms keeps its id for as long."""
    marks = marks_of(hold.allocations)
    if state.get(Document, (FOLDER, network)) is None:  # the usual case
        _put(state, network, NetworkPage((KnownHold(hold.key, address, state.now, marks),)))
        return
    recent, older = _pages(state, network)
    mine = [row for page in (recent, older) for row in page.named if row.id == hold.key]
    known = frozenset(mark for row in mine for mark in (marks if row.marks is None else row.marks))
    if mine and known == marks:
        return
    fresh: list[KnownHold] = []
    if marks - known or not mine:
        fresh = [KnownHold(hold.key, address, state.now, marks - known)]
    lost = any(
        row.id == hold.key and row.marks is not None and not row.marks <= marks
        for row in older.named
    )
    words = len(recent.named) + len(recent.past)
    if lost or words + len(fresh) > RECENT_MAX:
        whole = NetworkPage((*older.named, *recent.named), (*older.past, *recent.past))
        _put(state, _older(network), _without_old(state, whole, wait))
        _put(state, network, NetworkPage(tuple(fresh), (), older=True))
        return
    named, past, _ = _without_old(state, recent, wait)
    _put(state, network, NetworkPage((*named, *fresh), past, recent.older))


def marks_of(allocations: Iterable[Allocation]) -> Marks:
    """The SKUs of some allocations."""
    return frozenset(mark_of(allocation.sku) for allocation in allocations)


def end_of(hold: Reservation) -> int:
    """The end of a hold: its deadline, even if its expiry was booked later."""
    ended = hold.ended_at or 0
    return ended if hold.expires_at is None else min(ended, hold.expires_at)


def _older(network: str) -> str:
    return f"{network}/older"


def _pages(state: State, network: str) -> tuple[NetworkPage, NetworkPage]:
    recent = _page(state, network)
    return recent, _page(state, _older(network)) if recent.older else EMPTY


def _page(state: State, name: str) -> NetworkPage:
    document = state.get(Document, (FOLDER, name))
    return EMPTY if document is None else _parsed(document.body)


@lru_cache(maxsize=1024)
def _parsed(body: str) -> NetworkPage:
    named: list[KnownHold] = []
    past: list[UnpaidHold] = []
    words = body.split()
    for word in words:
        parts = word.removeprefix("~").rsplit(":", 3)
        if word == OLDER:
            continue
        if len(parts) < 4:  # as versions before this one wrote it
            id_, _, address = word.rpartition(":")
            named.append(KnownHold(id_, address))
            continue
        head, middle, number, marks = parts
        set_ = frozenset(marks[at : at + 4] for at in range(0, len(marks), 4))
        if word.startswith("~"):
            past.append(UnpaidHold(head, int(middle), int(number), set_))
        else:
            named.append(KnownHold(head, middle, int(number), set_))
    return NetworkPage(tuple(named), tuple(past), OLDER in words)


def _put(state: State, name: str, page: NetworkPage) -> None:
    before = state.get(Document, (FOLDER, name))
    words = [str(row) for row in (*page.past, *page.named)]
    if page.older:
        words.insert(0, OLDER)
    version = 1 if before is None else before.version + 1
    until = state.now + DAY_MS
    state.put(Document(FOLDER, name, version, state.now, " ".join(words), until))


def _past_of(state: State, named: KnownHold, hold: Reservation) -> UnpaidHold | None:
    """The SKUs that a hold has kept and neither keeps nor has paid, or None."""
    since = hold.created_at if named.since is None else named.since
    has = marks_of(hold.allocations)
    had = has if named.marks is None else named.marks
    if hold.status is HELD:
        lost, ended_at = had - has, state.now
    elif hold.status is Status.CAPTURED:
        lost, ended_at = had - has, hold.ended_at or state.now
    else:
        lost, ended_at = had, end_of(hold)
    if not lost:
        return None
    return UnpaidHold(named.address, ended_at, max(0, ended_at - since), lost, hold.key)


def _without_old(state: State, page: NetworkPage, wait: int) -> NetworkPage:
    """A page with ended holds as past ones, and without outdated words."""
    named: list[KnownHold] = []
    past = [row for row in page.past if _is_recent(state, row)]
    for known in page.named:
        hold = state.get(Reservation, known.id)
        if hold is None:
            continue
        gone = _past_of(state, known, hold)
        if hold.status is HELD:
            has = marks_of(hold.allocations)
            since = hold.created_at if known.since is None else known.since
            marks = has if known.marks is None else known.marks & has
            named.append(KnownHold(known.id, known.address, since, marks))
        elif gone is not None and gone.held_ms >= wait and gone.ended_at > state.now - wait:
            named.append(known)  # the same buyer may come back, and need not wait
            continue
        if gone is not None and gone.held_ms >= BRIEF and _is_recent(state, gone):
            past.append(gone)
    return NetworkPage(tuple(named), tuple(_merged(past)), page.older)


def _merged(past: list[UnpaidHold]) -> list[UnpaidHold]:
    """Past holds, joined if of the same SKUs and about the same time; the longest if many."""
    merged: dict[tuple[str, Marks, int], UnpaidHold] = {}
    for row in past:
        key = row.address, row.marks, row.ended_at // SLOT
        before = merged.get(key)
        merged[key] = (
            replace(row, id=None)
            if before is None
            else replace(
                before,
                ended_at=max(before.ended_at, row.ended_at),
                held_ms=before.held_ms + row.held_ms,
            )
        )
    return sorted(merged.values(), key=lambda row: row.held_ms)[-SEEN_MAX:]


def _is_recent(state: State, row: UnpaidHold) -> bool:
    return row.ended_at > state.now - WINDOW
