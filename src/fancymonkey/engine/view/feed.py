"""Notifies subscribers of changes. A slow subscriber skips intermediate states."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from fancymonkey.core.model import Entry
from fancymonkey.engine.view.location_index import LOCATIONS
from fancymonkey.errors import Overloaded

REMEMBERED = 20_000
"""The latest entries that subscribers and followers get without a read of the store."""

SPARE = 5_000
"""Entries that are kept beyond these, so that the oldest are removed together."""

SUBSCRIBERS_MAX = 2000
"""The most subscribers of one process."""


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The changes up to `revision`: these SKUs and products, or everything (`fresh`)."""

    revision: int
    fresh: bool
    skus: frozenset[str]


class FeedFollower(Protocol):
    """Gets every change, for many subscribers."""

    def ring(self, skus: set[str] | None) -> None:
        """Marks SKUs as changed; None means that everything may have changed."""

    def close(self) -> None:
        """Ends the subscribers that it works for."""


class Subscription:
    """One subscriber. At most one set of SKUs waits for it, however slow it is."""

    def __init__(self, feed: "Feed", pending: set[str], *, fresh: bool) -> None:
        self._feed = feed
        self._pending = pending
        self._fresh = fresh
        self._closed = False
        self._signal = asyncio.Event()
        self._at_end: list[Callable[[], None]] = []
        if fresh or pending:
            self._signal.set()

    def ring(self, skus: set[str] | None) -> None:
        """Marks SKUs as changed; None means that everything may have changed."""
        if skus is None:
            self._fresh = True
        else:
            self._pending |= skus
        self._signal.set()

    @property
    def waiting(self) -> bool:
        """Whether a change is ready."""
        return self._signal.is_set()

    async def next(self) -> LevelChange | None:
        """Waits for a change, and takes all that has changed; None once this is closed."""
        await self._signal.wait()
        if self._closed:
            return None
        self._signal.clear()
        change = LevelChange(self._feed.revision, self._fresh, frozenset(self._pending))
        self._pending, self._fresh = set(), False
        return change

    def pause(self) -> None:
        """Keeps the place, and marks no more changes: a follower sends them from now on."""
        self._feed.silence(self)

    def at_end(self, work: Callable[[], None]) -> None:
        """Registers work that runs once, when the subscription closes."""
        self._at_end.append(work)

    def close(self) -> None:
        """Ends the subscription, and wakes a caller of `next`."""
        self._closed = True
        self._signal.set()
        self._feed.drop(self)
        works, self._at_end = self._at_end, []
        for work in works:
            work()


class Feed:
    """The live side of the ledger, in this process."""

    def __init__(self) -> None:
        self.revision = 0
        self.wake_events: set[asyncio.Event] = set()
        """Events that each change sets, for the followers of the ledger."""
        self.with_dependents: Callable[[set[str]], set[str]] = _alone
        """Adds the SKUs whose stock follows from that of these."""
        self.requests: Callable[[], int] = count().__next__
        """Returns a number that rises with each request of a client to this process."""
        self._recent: list[Entry] = []
        """The latest entries, without a gap."""
        self.followers: dict[FeedFollower, None] = {}
        self._subscriptions: dict[Subscription, None] = {}  # in the order of arrival
        self._attentive: dict[Subscription, None] = {}  # those that do not rest

    @property
    def full(self) -> bool:
        """Whether the limit of subscribers is reached."""
        return len(self._subscriptions) >= SUBSCRIBERS_MAX

    def close(self) -> None:
        """Ends every subscription."""
        for follower in list(self.followers):
            follower.close()
        for subscription in list(self._subscriptions):
            subscription.close()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def restart(self, revision: int) -> None:
        """Begins again at a revision; everything may have changed."""
        self._recent.clear()
        self.revision = revision
        self._ring(None)

    def ring(self, skus: set[str]) -> None:
        """Notifies every subscriber that these SKUs or products changed."""
        self._ring(skus)

    def _ring(self, skus: set[str] | None) -> None:
        for subscription in self._attentive:
            subscription.ring(skus)
        for follower in self.followers:
            follower.ring(skus)
        for event in self.wake_events:
            event.set()

    def publish(self, entries: Iterable[Entry], revision: int) -> None:
        """Notifies every subscriber of the SKUs of new entries."""
        new = [entry for entry in entries if entry.revision > self.revision]
        self.revision = revision
        if new:
            self._remember(new)
            self.ring(self.with_dependents({entry.sku for entry in new}))

    def _remember(self, entries: list[Entry]) -> None:
        recent = self._recent
        if recent and recent[-1].revision + 1 != entries[0].revision:
            recent.clear()
        recent += entries
        if len(recent) > REMEMBERED + SPARE:
            del recent[:-REMEMBERED]

    def entries_after(self, revision: int, limit: int = REMEMBERED) -> list[Entry] | None:
        """Up to `limit` entries after a revision; None if they are not remembered."""
        if revision == self.revision:
            return []
        recent = self._recent
        if not recent or not recent[0].revision <= revision + 1 <= self.revision:
            return None
        start = revision + 1 - recent[0].revision
        return recent[start : start + limit] if len(recent) - start <= REMEMBERED else None

    def since(self, revision: int) -> set[str] | None:
        """The SKUs that changed after a revision; None if the feed no longer knows, or if a
        location changed: then the stock that buyers see may be another for every SKU.
        """
        entries = self.entries_after(revision)
        if not entries:
            return None if entries is None else set()
        skus = {entry.sku for entry in entries}
        return None if LOCATIONS in skus else self.with_dependents(skus)

    def subscribe(self, missed: set[str] | None) -> Subscription:
        """A new subscriber that has missed these SKUs, or everything (None). Raises Overloaded."""
        if self.full:
            raise Overloaded("Too many live connections.")
        subscription = Subscription(self, missed or set(), fresh=missed is None)
        self._subscriptions[subscription] = self._attentive[subscription] = None
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Removes a subscriber."""
        self._subscriptions.pop(subscription, None)
        self.silence(subscription)

    def silence(self, subscription: Subscription) -> None:
        """Marks no more changes for a subscriber."""
        self._attentive.pop(subscription, None)


def _alone(skus: set[str]) -> set[str]:
    return skus
