"""Keeps products.json and the rows in step, in both directions.

Edits of the owner are applied as commands; changes of the store are written soon after. If both
have changed, the edit is applied first, so that neither is lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from zlib import crc32

from fancymonkey.core.command import Command
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Item, Level, Product, split_sku
from fancymonkey.core.outcomes import Answer
from fancymonkey.errors import DataError, StoreError
from fancymonkey.store.contract import Submit
from fancymonkey.store.in_memory.rows import RowsInMemory
from fancymonkey.store.products_file.edits.diff import commands_of
from fancymonkey.store.products_file.edits.intake import (
    checked,
    described,
    report_assumptions,
    take,
)
from fancymonkey.store.products_file.edits.older_versions import OlderVersions
from fancymonkey.store.products_file.edits.stale import Since
from fancymonkey.store.products_file.edits.store_rows import StoreRows
from fancymonkey.store.products_file.owners_text import is_kept, keeping, text_to_write
from fancymonkey.store.products_file.read import Catalogue, read_products
from fancymonkey.store.products_file.saved_versions import UNCHECKED, SavedVersion, Versions
from fancymonkey.store.products_file.write import ProductsText, listed_products
from fancymonkey.store.shared.files import Disk

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
SETTLE_SECONDS = 0.1
"""The time for which a changed file has to stay unchanged before it is read."""
SHARE = 10
"""After a write the file is not written again for this many times the duration of the write."""
RETRY_SECONDS = 5.0
PART = 500
"""Products of one edit that are submitted together, because the queue has a limit."""
YOUNG_SECONDS = 2.0
"""The time for which a file is read again although it looks unchanged: a change within one tick
of the file system's clock is not visible."""


Copies = tuple[list[Product], list[Item], list[Level], list[Location]]


class ProductsFileSync:
    """The owner's file and the store's rows."""

    def __init__(
        self, disk: Disk, path: Path, state: Path, image: Callable[[], RowsInMemory], submit: Submit
    ) -> None:
        self._stale: set[str] | None = None
        self._versions = Versions(disk, path, state)
        self._past = OlderVersions(state)
        self._since: Since
        self._name = path.name
        self._image = image
        self._submit = submit
        self._text: ProductsText | None = None
        self._content: bytes | None = None
        self._refused: bytes | None = None
        self._problem: str | None = None
        self._failure: str | None = None
        self.refusals: list[str] = []
        self.edited = False
        """Whether `check` has found the file to differ from the last written version."""
        self._stamp: object = None
        self._young_until = 0.0
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def changed(self, entries: Iterable[Entry]) -> None:
        """Marks the products of these entries to be written again."""
        if self._stale is not None:
            self._stale.update(entry.sku for entry in entries)

    def all_changed(self) -> None:
        """Marks all products to be written again."""
        self._stale = None

    async def begin_anew(self) -> None:
        """Starts again for an emptied store. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(self._versions.uncheck)
            await asyncio.to_thread(self._past.forget)
            self.all_changed()

    @property
    def health_problems(self) -> list[str]:
        """Failures to read or write the file, and the refused parts of the last edit."""
        return [text for text in (self._problem, self._failure, *self.refusals) if text]

    def stop(self) -> None:
        """Stops checking the file."""
        self._closing = True
        self._wake.set()

    async def open(self, since: Since) -> None:
        """Applies earlier edits, and writes missing changes.

        `since` returns the entries after a revision. Raises DataError if the store is empty and the
        file cannot be read, StoreCorrupt if the ledger has lost entries, and OSError.
        """
        empty, self._since = self._image().empty, since
        await asyncio.to_thread(self._versions.open)
        await asyncio.to_thread(self._versions.check_ledger, self._image().revision)
        await asyncio.to_thread(self._past.open, self._image().revision)
        content = await asyncio.to_thread(self._versions.read)
        if content is None and not empty:
            log.warning("%s is missing and is written again", self._versions.path)
        for version in self._versions.known:
            if version.content == content:
                self._text = await asyncio.to_thread(ProductsText, content.decode())
                self._content = content
                if version.revision != UNCHECKED:
                    await self._keep(version)
                    self._stale = set()
                    self.changed(await since(version.revision))
                if len(self._versions.known) > 1:
                    await asyncio.to_thread(self._versions.remember, version)
                break
        await self.reconcile()
        if self._text is not None and not is_kept(self._image().rows):
            for keep in keeping(self._text, self._image().rows):
                await self._submit([keep])
        if self._problem is not None and empty:
            raise DataError(self._problem)

    async def check(self) -> Sequence[Command]:
        """Checks the file without a change; returns the commands that would fill an empty store.
        Raises DataError if the store is empty and the file cannot be read, and OSError.
        """
        empty = self._image().empty
        if empty:  # otherwise a server may have written since the ledger was read here
            await asyncio.to_thread(self._versions.check_ledger, self._image().revision)
        content = await asyncio.to_thread(self._versions.read)
        if content is None:
            return []
        self.edited = await asyncio.to_thread(self._versions.is_edited, content)
        truth = StoreRows.of(self._image().rows)
        try:
            catalogue = await asyncio.to_thread(self._checked, content, truth)
        except DataError as error:
            if empty:
                raise
            self._problem = str(error)
            return []
        return commands_of(catalogue.products, [], truth, "") if empty else []

    def _checked(self, content: bytes, truth: StoreRows) -> Catalogue:
        if (
            not self.edited and not self._image().empty
        ):  # an older version of this program has accepted it
            return read_products(content, self._name, lenient=True)
        self._past.open(self._image().revision)
        written = [described(version) for version in self._versions.stored()]
        return checked(content, self._name, written, self._past, truth, with_stock=True)

    def watch(self, submit: Submit) -> None:
        """From now on checks the file twice a second, and runs its edits through `submit`."""
        self._submit = submit
        self._task = asyncio.get_running_loop().create_task(self._look(), name="products.json")

    async def close(self, submit: Submit) -> None:
        """Stops checking. A started run is finished; later edits run through `submit`."""
        self.stop()
        if self._task is not None:
            await asyncio.wait([self._task])
        self._submit = submit

    async def finish(self) -> None:
        """Applies edits and writes changes for the last time. Raises OSError and StoreError."""
        await self.reconcile()
        if self._versions.unsettled:
            await self.reconcile()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        rest_until = 0.0
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            started = loop.time()
            rested = started >= rest_until
            due = self._stale != set() or self._versions.sync_failed
            if not (rested and due) and not await self._touched():
                continue
            if self._failure is not None and not rested:
                continue
            await self._try()
            rest_until = loop.time() + SHARE * (loop.time() - started)
            if self._failure is not None:
                rest_until = loop.time() + RETRY_SECONDS

    async def _try(self) -> None:
        """Reconciles, and records the error, if any, for `problems`."""
        try:
            await self.reconcile()
        except (OSError, StoreError) as error:
            self._failure = f"{self._name} could not be brought up to date: {error}"
            log.error(self._failure)
        except Exception as error:
            self._failure = f"{self._name} could not be brought up to date: {error!r}"
            log.exception(self._failure)
        else:
            self._failure = None

    async def _touched(self) -> bool:
        """Whether the file may have changed, and is not being written at the moment."""
        stamp = self._versions.stamp()
        if stamp == self._stamp and asyncio.get_running_loop().time() >= self._young_until:
            return False
        await asyncio.sleep(SETTLE_SECONDS)
        return self._versions.stamp() == stamp

    async def reconcile(self) -> None:
        """Applies the owner's edits, then writes the changes that the file lacks.

        Raises OSError, and StoreError if the edit could not be run.
        """
        async with self._turn:
            late = await asyncio.to_thread(self._versions.late_edit)
            if late is not None and not await self._take_in(late.content, late.base):
                log.error("%s: a late edit cannot be read and is dropped", self._name)
            await asyncio.to_thread(self._versions.write_again)
            while await self._look_once():
                pass
            await asyncio.to_thread(self._versions.write_again)
            stamp = self._versions.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._young_until = asyncio.get_running_loop().time() + YOUNG_SECONDS

    async def _look_once(self) -> bool:
        """Reads and writes once; True if the file has changed in between."""
        content = await asyncio.to_thread(self._versions.read)
        if content is None:
            self._content = None
        elif content == self._content:
            self._problem = self._refused = None
        elif not await self._take_in(content):
            return False
        else:
            await asyncio.to_thread(self._versions.remember, SavedVersion(content, UNCHECKED))
            self._content = content
        return await self._publish()

    async def _publish(self) -> bool:
        """Writes the file if it differs from the rows; True: read it again."""
        stale, self._stale = self._stale, set()
        if stale == set() and self._content is not None:
            return False
        image = self._image()
        rows, revision = image.rows, image.revision
        copies: Copies = (
            list(rows[Product].values()),
            list(rows[Item].values()),
            list(rows[Level].values()),
            list(rows[Location].values()),
        )
        try:
            content = await asyncio.to_thread(self._render, stale, copies)
            return False if content is None else await self._write(SavedVersion(content, revision))
        except BaseException:
            self._stale = None
            raise

    async def _write(self, version: SavedVersion) -> bool:
        """Writes a version of the file; True: read it again."""
        if version.content == self._content:
            if self._versions.is_behind(version.revision):
                await asyncio.to_thread(self._versions.remember, version)
                await self._keep(version)
            return False
        replaced = await asyncio.to_thread(self._versions.replace, version, self._content)
        if replaced.written:
            self._content = version.content
            await self._keep(version)
        else:  # the rows still have to be written, even if the file returns to its former content
            self._stale = None
        if replaced.edit is None:
            return not replaced.written
        # The edit is in no file now, and both versions still count as ours.
        if await self._take_in(replaced.edit):
            unchecked = SavedVersion(version.content, UNCHECKED)
            await asyncio.to_thread(self._versions.remember, unchecked)
        else:
            await asyncio.to_thread(self._versions.put_back, replaced.edit)
        return True

    async def _keep(self, version: SavedVersion) -> None:
        """Records that the file has this version, whose text is `_text`."""
        assert self._text is not None
        await asyncio.to_thread(self._past.keep, version.revision, self._text.texts)

    def _render(self, stale: set[str] | None, rows: Copies) -> bytes | None:
        """The content that the file should have; None without products and without a file."""
        wanted = listed_products(*rows)
        if self._text is None:
            if not wanted:
                return None
            self._text = text_to_write(self._image().rows)
        ids = None if stale is None else {split_sku(sku)[0] for sku in stale}
        return self._text.show(wanted, ids)

    async def _take_in(self, content: bytes, base: bytes | None = None) -> bool:
        """Runs an edit as commands; False if it cannot be read.

        `base` is a further version that the owner may have edited.
        """
        if content == self._refused:
            return False
        known = [*self._versions.known, *([] if base is None else [SavedVersion(base, UNCHECKED)])]
        written = [await asyncio.to_thread(described, version) for version in known]
        label = f"{self._name}/{self._versions.number}/{crc32(content):08x}-{len(content)}"
        at = known[-1].revision if known else UNCHECKED
        truth = StoreRows.of(self._image().rows)
        try:
            edit = await take(
                content, self._name, written, self._past, self._since, at, truth, label
            )
        except DataError as error:
            log.error("%s. The last good state stays in use.", error)
            self._refused, self._problem = content, str(error)
            return False
        commands = edit.commands
        if commands and not known and self._image().empty:
            report_assumptions(self._name, edit.catalogue)
        answers: list[Answer] = []
        text = await asyncio.to_thread(ProductsText, edit.catalogue.text)
        work = [*commands, *keeping(text, self._image().rows)]
        for start in range(0, len(work), PART):
            answers += await self._submit(work[start : start + PART])
        self.refusals = edit.report(answers[: len(commands)])
        self._text = text
        await asyncio.to_thread(self._past.keep_edit, edit.stale.revisions, self._text.texts)
        self._stale = None
        self._problem = self._refused = None
        return True
