"""The audit log: user, request, time and address of each change. Append-only."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from fancymonkey.accounts.model import AuditEntry
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError

KEEP = 730 * DAY_MS
"""The time for which an entry is kept, in ms: two years."""

LAST = 10**15
WINDOW = 3_600_000
REFUSED_MOST = 100
"""Refused requests of unknown clients that are kept one by one in an hour."""
KNOWN_MOST = 20
"""The same for each account or key, which can repeat a refused request without limit."""
MERGED = "further refused requests"
ACTORS_MAX = 10_000


@dataclass(slots=True)
class _Refused:
    """Refused requests of one actor in an hour: the first one by one, the rest as `merged`.

    `written` is the number of the others in the log.
    """

    hour: int
    merged: AuditEntry
    single: int = 0
    further: int = 0
    written: int = 0


class AuditLog:
    """The entries; their names sort the latest first."""

    def __init__(self, engine: Engine) -> None:
        self.folder = DocumentCollection(engine, "audit", AuditEntry)
        self._clock = engine.clock
        self._refused: dict[str, _Refused] = {}

    async def record(
        self, actor: str, address: str, what: str, status: int = 200, about: str = ""
    ) -> None:
        """Writes an entry."""
        await self._put(self._entry(actor, address, what, status, about), 0)

    async def record_refused(
        self,
        actor: str,
        address: str,
        what: str,
        status: int,
        about: str = "",
        most: int = REFUSED_MOST,
    ) -> None:
        """Writes a refused attempt: the first `most` of an hour one by one, the rest as one entry.

        That one is written when their number has doubled, and before the log is read.
        """
        refused = self._refused.get(actor)
        if refused is None or refused.hour != self._clock() // WINDOW:
            refused = await self._begin(actor, address)
        if refused.single < most:
            refused.single += 1
            await self.record(actor, address, what, status, about)
            return
        refused.further += 1
        refused.merged = _merged(refused.merged, refused.further, address, what, status)
        if refused.further & (refused.further - 1) == 0:  # 1, 2, 4, 8 …
            await self._write(refused)

    async def latest(
        self, most: int, before: str = "", actor: str | None = None
    ) -> list[AuditEntry]:
        """Returns the latest entries, or those before this id; of all actors or of one."""
        with suppress(FancyMonkeyError):  # a store that is not writable can still be read
            for refused in list(self._refused.values()):
                await self._write(refused)
        entries: list[AuditEntry] = []
        async for stored in self.folder.after(before):
            if actor is None or stored.value.actor == actor:
                entries.append(stored.value)
            if len(entries) == most:
                break
        return entries

    async def _begin(self, actor: str, address: str) -> _Refused:
        """Starts the count of an actor's refused requests in this hour; writes the ended counts."""
        ended = [self._refused.pop(actor, None)]
        if len(self._refused) >= ACTORS_MAX:
            ended.append(self._refused.pop(next(iter(self._refused))))
        entry = self._entry(actor, address, MERGED, 0, "")
        begun = self._refused[actor] = _Refused(self._clock() // WINDOW, entry)
        for refused in filter(None, ended):
            await self._write(refused)
        return begun

    def _entry(self, actor: str, address: str, what: str, status: int, about: str) -> AuditEntry:
        now = self._clock()
        return AuditEntry(
            entry_id=f"{LAST - now:015d}-{secrets.token_hex(4)}",
            at=now,
            actor=actor,
            address=address,
            what=what,
            status=status,
            about=about[:500],
        )

    async def _put(self, entry: AuditEntry, expected: int | None = None) -> None:
        await self.folder.put(entry.entry_id, entry, expected, entry.at + KEEP)

    async def _write(self, refused: _Refused) -> None:
        """Writes the merged entry over its earlier state, if it has changed."""
        if refused.further > refused.written:
            refused.written = refused.further
            await self._put(refused.merged)


def _merged(entry: AuditEntry, further: int, address: str, what: str, status: int) -> AuditEntry:
    """Returns the entry for this number of refused requests; it describes the latest one."""
    about = f"{further} in this hour; the latest: {what}"
    return msgspec.structs.replace(
        entry, address=address, status=status, about=about[:500], count=further
    )
