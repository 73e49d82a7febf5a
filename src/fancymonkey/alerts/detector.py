"""Looks at the ledger, the matters, the jobs and the store, and tells what has happened, once.

How far it has looked is written together with what it tells, where nobody else has done so
meanwhile: neither a crash nor another process makes anything be told twice, or not at all.
"""

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from fancymonkey.alerts import event_texts, ledger_events
from fancymonkey.alerts.events import AlertEvent
from fancymonkey.alerts.outbox import DeliveryTarget, Outbox
from fancymonkey.alerts.quiet_hours import DAY, HOUR
from fancymonkey.alerts.stock_thresholds import KnownBand, begin, cross
from fancymonkey.core.documents.put import DocumentWrite
from fancymonkey.core.model import Entry, split_sku
from fancymonkey.core.payments.rows import JobRun, PaymentIssue
from fancymonkey.engine.documents import Conflict, DocumentCollection, put_documents_command
from fancymonkey.engine.engine import Engine

log = logging.getLogger(__name__)

PORTION = 500
STORE_SECONDS = 8.0
"""How long the store may take for one look."""
OVERLAP = 2 * HOUR
"""Matters and runs are looked at again for so long: they are written after they began."""
LEFT = 24 * HOUR
"""For so long it is remembered what was left for a person, which each comparison says again."""
CURSOR_EVERY = 10_000
"""How often (ms) it is written how far the ledger was read where nothing was to be told."""


class Seen(Struct):
    """How far everything was looked at.

    `failing`: the jobs that fail now, `failed`: when the last run began that was seen to fail.
    `left`: what comparisons have left for a person, and when the last run began that said so.
    """

    revision: int
    since: int
    at: int = 0
    failing: list[str] = []
    failed: dict[str, int] = {}
    troubles: list[str] = []
    left: dict[str, int] = {}


class KnownJobState(Struct):
    """What is read of how a job stands."""

    outcome: str = ""
    by: str = ""


class EventDetector:
    """Finds what has happened. One process at a time does so; a second one changes nothing."""

    def __init__(self, engine: Engine, outbox: Outbox) -> None:
        self._engine = engine
        self._outbox = outbox
        self._place = DocumentCollection(engine, "alerts", Seen)
        self._bands = DocumentCollection(engine, "bands", KnownBand)
        self._jobs = DocumentCollection(engine, "jobs", KnownJobState)
        self._seen: Seen | None = None
        self._version = 0
        self._known: dict[str, KnownBand] = {}

    async def ledger(self, targets: list[DeliveryTarget]) -> bool:
        """Tells of the next entries of the ledger; whether there may be more. Raises StoreError."""
        seen = await self.begun()
        entries = await self._engine.store.entries_after(seen.revision, PORTION)
        more = len(entries) == PORTION
        if more:
            entries = ledger_events.whole(entries)
        # The view gives the numbers: what it does not show yet is looked at the next time.
        shown = [one for one in entries if one.revision <= self._engine.view.revision]
        if not shown:
            return False
        bands, told = self._crossings(shown)
        wanted = {name for target in targets for name in target.types}
        told += await ledger_events.moves(self._engine, shown, wanted)
        drafts = [self._bands.draft(sku, band) for sku, band in bands.items()]
        await self._tell(told, targets, drafts, revision=shown[-1].revision)
        self._known |= bands
        return more

    async def rest(self, targets: list[DeliveryTarget], jobs: Iterable[str]) -> None:
        """Tells of matters, runs and the store. Raises StoreError."""
        seen = await self.begun()
        now = self._engine.clock()
        told = [await self._matter(row) for row in await self._matters(seen)]
        ran, new = await self._ran(seen, list(jobs))
        problems = await self._engine.store.health_problems()
        known = {_plain(text) for text in seen.troubles}
        fresh = [text for text in problems if _plain(text) not in known]
        if fresh:
            told.append(event_texts.trouble(fresh, now))
        new["troubles"] = problems
        since = max(seen.since, now - OVERLAP)
        # Now and then without any news: what was told long ago is forgotten, and would be news.
        moved = since - seen.since >= DAY
        if told or ran or moved or any(getattr(seen, name) != value for name, value in new.items()):
            await self._tell([*told, *ran], targets, [], since=since, **new)

    async def begun(self) -> Seen:
        """How far it was looked; the first time, all that is there counts as known.

        Raises StoreError.
        """
        if self._seen is not None:
            return self._seen
        async with asyncio.timeout(STORE_SECONDS):
            self._known = {kept.name: kept.value for kept in await self._bands.all()}
            kept = await self._place.get("seen")
        if kept is not None:
            self._seen, self._version = kept.value, kept.version
            return kept.value
        view, now = self._engine.view, self._engine.clock()
        first = Seen(view.revision, now, now)
        bands = {row.item.sku: begin(ledger_events.stand(row)) for row in view.stocked()}
        self._version = 0
        drafts = [self._bands.draft(sku, band) for sku, band in bands.items()]
        for start in range(0, len(drafts), PORTION):
            async with asyncio.timeout(STORE_SECONDS):
                await put_documents_command(self._engine, *drafts[start : start + PORTION])
        self._known |= bands
        self._seen = first
        await self._write(first, [])
        return first

    def _crossings(self, entries: list[Entry]) -> tuple[dict[str, KnownBand], list[AlertEvent]]:
        bands: dict[str, KnownBand] = {}
        told = []
        for row in ledger_events.touched(self._engine, entries):
            sku = row.item.sku
            old = self._known.get(sku)
            if row.item.sold_out and old is not None:
                continue  # the owner has taken it off sale, and knows
            stand = ledger_events.stand(row)
            band, word = (begin(stand), None) if old is None else cross(old, stand)
            if band != old:
                bands[sku] = band
            if word is not None:
                told.append(
                    event_texts.crossed(word, row, self._engine.view.revision, entries[-1].at)
                )
        return bands, told

    async def _matters(self, seen: Seen) -> list[PaymentIssue]:
        found = []
        async for row in self._engine.store.scan(PaymentIssue):
            if row.closed_at is None and row.opened_at >= seen.since:
                if await self._outbox.happened.get(event_texts.issue_event(row)) is None:
                    found.append(row)
        return found

    async def _matter(self, row: PaymentIssue) -> AlertEvent:
        names = []
        for line in row.lines:
            product = self._engine.view.products.get(split_sku(line.sku)[0])
            name = product.name if product else split_sku(line.sku)[0]
            names.append(f"{line.quantity} × {name} {split_sku(line.sku)[1]}")
        return event_texts.issue_detail(row, names)

    async def _ran(self, seen: Seen, jobs: list[str]) -> tuple[list[AlertEvent], dict[str, Any]]:
        """What to tell of runs; which jobs fail now, which failures and open points were seen."""
        failing, failed, told = set(seen.failing), dict(seen.failed), []
        left, since = dict(seen.left), self._engine.clock() - LEFT
        states = {kept.name: kept.value for kept in await self._jobs.all()}
        for job in jobs:
            async for row in self._engine.store.scan(JobRun, (job, seen.since)):
                if row.job != job:
                    break
                one = event_texts.run(row)
                if one is None:
                    continue
                if row.outcome == "failed":
                    fresh = row.started_at > failed.get(job, 0) and job not in failing
                    failed[job] = max(row.started_at, failed.get(job, 0))
                    failing |= {job} if fresh else set()
                else:
                    report = one.data["report"]
                    points = [str(text) for text in report.get("open", ())]
                    news = bool(report.get("mended")) or not left.keys() >= set(points)
                    left |= {text: max(row.started_at, left.get(text, 0)) for text in points}
                    fresh = news and await self._outbox.happened.get(one.id) is None
                if fresh:
                    told.append(one)
            state = states.get(job)
            if state is not None and not state.by and state.outcome != "failed":
                failing.discard(job)
        left = {text: at for text, at in left.items() if at > since}
        return told, {"failing": sorted(failing), "failed": failed, "left": left}

    async def _tell(
        self,
        told: list[AlertEvent],
        targets: list[DeliveryTarget],
        drafts: list[DocumentWrite],
        **more: object,
    ) -> None:
        """Writes what is told, and how far it was looked, all or nothing."""
        assert self._seen is not None
        now = self._engine.clock()
        values = {name: getattr(self._seen, name) for name in Seen.__struct_fields__}
        new = Seen(**{**values, **more, "at": now})
        drafts = [*drafts, *self._outbox.drafts(told, targets)]
        if not drafts and new.revision != self._seen.revision and len(more) == 1:
            if now - self._seen.at < CURSOR_EVERY:
                new.at = self._seen.at
                self._seen = new
                return
        await self._write(new, drafts)

    async def _write(self, new: Seen, drafts: list[DocumentWrite]) -> None:
        place = self._place.draft("seen", new, self._version)
        try:
            versions = await put_documents_command(self._engine, place, *drafts)
        except Conflict as error:
            log.info("another process looks too: %s", error)
            self.forget()
            raise
        except BaseException:
            self.forget()  # nobody knows whether it is written: it is read again
            raise
        self._seen, self._version = new, versions[0]

    def forget(self) -> None:
        """Reads anew how far it was looked, before it looks again."""
        self._seen = None


def _plain(text: str) -> str:
    """A problem without its numbers, which change while it stays the same."""
    return re.sub(r"\d[\d.,:]*", "#", text)
