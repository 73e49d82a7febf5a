"""Detects events in the ledger, payment issues, jobs and store health, and reports each once.

The new positions are written together with the events, if no other process has done so before:
neither a crash nor another process can lose an event or report it twice.
"""

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from fancymonkey.alerts import event_texts, ledger_events
from fancymonkey.alerts.backoff import HOUR
from fancymonkey.alerts.events import AlertEvent
from fancymonkey.alerts.location_thresholds import LocationThresholds
from fancymonkey.alerts.outbox import DeliveryTarget, Outbox
from fancymonkey.alerts.stock_thresholds import KnownBand, SharedBands, begin, begin_or_cross
from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.model import Cursor, Entry, split_sku
from fancymonkey.core.outcomes import Refused
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.core.records import MoveCursor
from fancymonkey.core.stock.status import StockRow
from fancymonkey.core.transfers.transfer import Transfer
from fancymonkey.engine.documents import Conflict, DocumentCollection, put_documents_command
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.follow import LedgerFollower
from fancymonkey.engine.job_names import by_job, present_job
from fancymonkey.engine.job_runs import runs_since
from fancymonkey.engine.queries.transfers import overdue_days, value_in_transit
from fancymonkey.settings.event_names import EventName

log = logging.getLogger(__name__)

CURSOR = "alerts"
"""The name of the follower's cursor."""
PORTION = 500
BANDS_AT_ONCE = 50
"""From this number of crossed thresholds on, they are written before others are looked for."""
STORE_SECONDS = 8.0
"""The time limit of the store for one check."""
OVERLAP = 2 * HOUR
"""Payment issues and runs are checked again for this long: they are written after they began."""
LEFT = DAY_MS
"""The time for which open points are remembered, because each comparison reports them again."""
CURSOR_EVERY = 10_000
"""The interval (ms) at which the position in the ledger is stored without events."""


class DetectorPositions(Struct):
    """The positions up to which everything was checked.

    `revision` repeats the cursor, for processes of the version before it. `failing`: the jobs that
    fail now; `failed`: when the last failed run of each began. `left`: the open points of
    comparisons, and when the last run that reported each began. `overdue`: the events of the
    transfers that are overdue now.
    """

    revision: int
    since: int
    at: int = 0
    failing: list[str] = []
    failed: dict[str, int] = {}
    troubles: list[str] = []
    left: dict[str, int] = {}
    overdue: list[str] = []

    def __post_init__(self) -> None:
        """Names jobs as they are called now: an earlier version may have stored a former name."""
        self.failing = sorted({present_job(job) for job in self.failing})
        self.failed = {present_job(job): at for job, at in self.failed.items()}


class KnownJobState(Struct):
    """The part of a job's state that is read here."""

    outcome: str = ""
    by: str = ""


class EventDetector:
    """Detects events. One process at a time does so; a second one changes nothing."""

    def __init__(self, engine: Engine, outbox: Outbox, low_by_location: bool = False) -> None:
        self._engine = engine
        self._outbox = outbox
        self._place = DocumentCollection(engine, "alerts", DetectorPositions)
        self._bands = DocumentCollection(engine, "bands", KnownBand)
        self._at_locations = (
            LocationThresholds(engine, DocumentCollection(engine, "bands-at", KnownBand))
            if low_by_location
            else None
        )
        self._jobs = DocumentCollection(engine, "jobs", KnownJobState)
        self._seen: DetectorPositions | None = None
        self._version = 0
        self._known: dict[str, KnownBand] = {}
        self._targets: list[DeliveryTarget] = []
        self._follower = LedgerFollower(engine, self._position, self._entries, ledger_events.whole)

    async def ledger(self, targets: list[DeliveryTarget]) -> bool:
        """Reports the next ledger entries; returns whether there may be more. Raises StoreError."""
        self._targets = targets
        return await self._follower.portion()

    async def _position(self) -> int:
        """The revision up to which the ledger is reported.

        Earlier versions kept it in `DetectorPositions`.
        """
        seen = await self.begun()
        cursor = await self._engine.store.find(Cursor, CURSOR)
        return seen.revision if cursor is None else max(seen.revision, cursor.revision)

    async def _entries(self, entries: list[Entry]) -> None:
        bands, events = await self._crossings(entries)
        wanted = {name for target in self._targets for name in target.types}
        events += await ledger_events.moves(self._engine, entries, wanted)
        drafts = [self._bands.draft(sku, band) for sku, band in bands.items()]
        there = self._at_locations
        new: dict[str, KnownBand] = {}
        if there is not None:
            revision = self._engine.view.revision
            new, low = there.crossings(entries, revision, entries[-1].at)
            events += low
            drafts += [there.bands.draft(name, band) for name, band in new.items()]
        await self._report(events, self._targets, drafts, revision=entries[-1].revision)
        self._known |= bands
        if there is not None:
            there.known |= new

    async def conditions(self, targets: list[DeliveryTarget], jobs: Iterable[str]) -> None:
        """Reports payment issues, runs and store problems. Raises StoreError."""
        seen = await self.begun()
        now = self._engine.clock()
        events = [await self._issue(row) for row in await self._issues(seen)]
        ran, new = await self._ran(seen, list(jobs))
        late = await self._overdue()
        events += [event for event in late if event.id not in seen.overdue]
        new["overdue"] = [event.id for event in late]
        problems = await self._engine.store.health_problems()
        known = {_plain(text) for text in seen.troubles}
        fresh = [text for text in problems if _plain(text) not in known]
        if fresh:
            events.append(event_texts.unhealthy_store(fresh, now))
        new["troubles"] = problems
        since = max(seen.since, now - OVERLAP)
        # From time to time without news too: events of long ago are forgotten, and would be new.
        moved = since - seen.since >= DAY_MS
        if (
            events
            or ran
            or moved
            or any(getattr(seen, name) != value for name, value in new.items())
        ):
            await self._report([*events, *ran], targets, [], since=since, **new)

    async def begun(self) -> DetectorPositions:
        """Returns the stored positions; the first time, everything so far counts as known.

        Raises StoreError.
        """
        if self._seen is not None:
            return self._seen
        async with asyncio.timeout(STORE_SECONDS):
            bands: dict[str, KnownBand] = {}
            items, shared = self._engine.view.items, SharedBands()
            async for document in self._bands.after(""):  # a million sizes: no second list of them
                sku = items[document.name].sku if document.name in items else document.name
                bands[sku] = shared.of(document.value)
            self._known = bands
            if self._at_locations is not None:
                await self._at_locations.read()
            stored = await self._place.get("seen")
        if stored is not None:
            self._seen, self._version = stored.value, stored.version
            return stored.value
        view, now = self._engine.view, self._engine.clock()
        first = DetectorPositions(view.revision, now, now)
        stocks = ((row.item.sku, ledger_events.stock_now(row)) for row in view.stocked())
        bands = {sku: shared.of(begin(stock)) for sku, stock in stocks}
        self._version, skus = 0, list(bands)
        for start in range(0, len(skus), PORTION):
            part = skus[start : start + PORTION]
            drafts = [self._bands.draft(sku, bands[sku]) for sku in part]
            async with asyncio.timeout(STORE_SECONDS):
                await put_documents_command(self._engine, *drafts)
        self._known |= bands
        self._seen = first
        await self._write(first, [])
        return first

    async def _crossings(
        self, entries: list[Entry]
    ) -> tuple[dict[str, KnownBand], list[AlertEvent]]:
        """The new bands, and the events of the sizes that crossed a threshold.

        Of many sizes, only those of the last portion: the portions before it are written, each
        with its events, so that no transaction is long. After a crash their bands are known.
        """
        bands: dict[str, KnownBand] = {}
        events: list[AlertEvent] = []
        most = ledger_events.most_on_hand(entries)
        async for rows in ledger_events.touched(self._engine, entries):
            if len(bands) >= BANDS_AT_ONCE:
                drafts = [self._bands.draft(sku, band) for sku, band in bands.items()]
                await self._report(events, self._targets, drafts)
                self._known |= bands
                bands, events = {}, []
            for row in rows:
                band, event = self._crossing(row, most.get(row.item.sku, 0), entries[-1].at)
                if band is not None:
                    bands[row.item.sku] = band
                if event is not None:
                    events.append(event)
        return bands, events

    def _crossing(
        self, row: StockRow, most: int, at: int
    ) -> tuple[KnownBand | None, AlertEvent | None]:
        """The band of a size if it is another one now, and the event that this causes."""
        old = self._known.get(row.item.sku)
        if row.item.sold_out and old is not None:
            return None, None  # the owner took it off sale
        stock = ledger_events.stock_now(row)
        band, crossed = begin_or_cross(old, stock, most, row.item.sold_out)
        if crossed is None or (crossed == EventName.STOCK_LOW and self._at_locations is not None):
            return None if band == old else band, None
        event = event_texts.crossed(crossed, row, self._engine.view.revision, at)
        return None if band == old else band, event

    async def _issues(self, seen: DetectorPositions) -> list[PaymentIssue]:
        issues = []
        async for row in self._engine.store.scan(PaymentIssue):
            if row.closed_at is None and row.opened_at >= seen.since:
                if await self._outbox.happened.get(event_texts.issue_event(row)) is None:
                    issues.append(row)
        return issues

    async def _issue(self, row: PaymentIssue) -> AlertEvent:
        names = []
        for line in row.lines:
            product = self._engine.view.products.get(split_sku(line.sku)[0])
            name = product.name if product else split_sku(line.sku)[0]
            names.append(f"{line.quantity} × {name} {split_sku(line.sku)[1]}")
        return event_texts.issue_detail(row, names)

    async def _overdue(self) -> list[AlertEvent]:
        """Returns an event for each transfer that is overdue now."""
        now, events = self._engine.clock(), []
        async for row in self._engine.store.scan(Transfer):
            if row.is_overdue(now):
                days, value = overdue_days(self._engine, row), value_in_transit(self._engine, row)
                events.append(event_texts.overdue(row, days, value))
        return events

    async def _ran(
        self, seen: DetectorPositions, jobs: list[str]
    ) -> tuple[list[AlertEvent], dict[str, Any]]:
        """Returns events of runs; failing jobs, and the failures and open points already seen."""
        failing, failed, events = set(seen.failing), dict(seen.failed), []
        left, since = dict(seen.left), self._engine.clock() - LEFT
        states = {name: stored.value for name, stored in by_job(await self._jobs.all()).items()}
        for job in jobs:
            async for row in runs_since(self._engine.store, job, seen.since):
                event = event_texts.run(row)
                if event is None:
                    continue
                if row.outcome == "failed":
                    fresh = row.started_at > failed.get(job, 0) and job not in failing
                    failed[job] = max(row.started_at, failed.get(job, 0))
                    failing |= {job} if fresh else set()
                else:
                    report = event.data["report"]
                    points = [str(text) for text in report.get("open", ())]
                    news = bool(report.get("corrected")) or not left.keys() >= set(points)
                    left |= {text: max(row.started_at, left.get(text, 0)) for text in points}
                    fresh = news and await self._outbox.happened.get(event.id) is None
                if fresh:
                    events.append(event)
            state = states.get(job)
            if state is not None and not state.by and state.outcome != "failed":
                failing.discard(job)
        left = {text: at for text, at in left.items() if at > since}
        return events, {"failing": sorted(failing), "failed": failed, "left": left}

    async def _report(
        self,
        events: list[AlertEvent],
        targets: list[DeliveryTarget],
        drafts: list[DocumentWrite],
        **more: object,
    ) -> None:
        """Writes the events and the new positions, all or nothing."""
        assert self._seen is not None
        now = self._engine.clock()
        values = {name: getattr(self._seen, name) for name in DetectorPositions.__struct_fields__}
        new = DetectorPositions(**{**values, **more, "at": now})
        drafts = [*drafts, *self._outbox.drafts(events, targets)]
        if not drafts and new.revision != self._seen.revision and len(more) == 1:
            if now - self._seen.at < CURSOR_EVERY:
                new.at = self._seen.at
                self._seen = new
                return
        await self._write(new, drafts)

    async def _write(self, new: DetectorPositions, drafts: list[DocumentWrite]) -> None:
        place = self._place.draft("seen", new, self._version)
        put = PutDocuments(drafts=(place, *drafts))
        move = MoveCursor(name=CURSOR, revision=new.revision)
        try:
            answer = await self._engine.submit(
                CommandGroup(commands=(put, move), all_or_nothing=True)
            )
        except BaseException:
            self.forget()  # it may or may not be written: it is read again
            raise
        if isinstance(answer, Refused):
            log.info("another process also detects events: %s", answer.message)
            self.forget()
            raise Conflict(answer.message)
        self._seen, self._version = new, answer.data.rows[0].data[0]

    def forget(self) -> None:
        """Reads the stored positions again before the next check."""
        self._seen = None
        self._follower.forget()


def _plain(text: str) -> str:
    """A problem without its numbers, which change while the problem stays the same."""
    return re.sub(r"\d[\d.,:]*", "#", text)
