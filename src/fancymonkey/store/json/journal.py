"""Writes the journal: one line per batch, durable before any answer.

A crash may tear the last line; it was never confirmed and is dropped. Damage anywhere else is
refused, never repaired by guessing.
"""

import errno
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from fancymonkey.core.model import Entry
from fancymonkey.core.state import Rows
from fancymonkey.errors import StoreCorrupt
from fancymonkey.store.json.clean_end import CleanEnd, read_clean_end
from fancymonkey.store.json.records import COLUMNS, JournalBatch, changes, encode
from fancymonkey.store.json.segments import (
    CURRENT,
    Segment,
    SegmentReader,
    Segments,
    archived_name,
    head_line,
    seal,
)
from fancymonkey.store.shared.disk_latency import DiskLatency
from fancymonkey.store.shared.files import Disk, temporary_name, write_new, write_safely

log = logging.getLogger(__name__)

SEGMENT_BYTES = 16 * 1024 * 1024
SEGMENT_ENTRIES = 50_000
LONGEST = 3.0
"""The largest factor by which a segment may be longer if there are many rows."""


@dataclass(frozen=True, slots=True)
class Position:
    """A position between two batches: number, revision and checksum of the batch before it."""

    number: int = 0
    revision: int = 0
    chain: int = 0


class Journal:
    """The segments of a folder, and the current file, which is being written."""

    def __init__(
        self,
        disk: Disk,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_entries: int = SEGMENT_ENTRIES,
    ) -> None:
        self.segments = Segments(disk, folder)
        self.position = Position()
        self._disk = disk
        self._folder = folder
        self._current = folder / CURRENT
        self._notes = folder.parent / "state"
        self._limits = self._usual = (segment_bytes, segment_entries)
        self._fd: int | None = None
        self._size = 0
        self._entries = 0
        self._first = 1
        self._last: Segment | None = None
        self._whole = 0
        self._sound = False
        """Whether everything up to `position` is known to be on the medium."""
        self.pace = DiskLatency()

    @property
    def full(self) -> bool:
        """Whether the current segment has reached its limit."""
        return self._size >= self._limits[0] or self._entries >= self._limits[1]

    def recover(self, after: Position | None) -> Iterator[JournalBatch]:
        """Every batch after a position, in order. Afterwards `position` is the end of the journal.

        Raises StoreCorrupt, naming the file and the line.
        """
        segments = self.segments.all()
        self.position = at = after or Position()
        if not segments:
            if after is not None:
                raise StoreCorrupt(f"{self._current} is missing. Restore the folder from a backup.")
            return
        if after is None and segments[0].loaded:
            raise StoreCorrupt(
                f"{self._folder.parent} has an interrupted copy of another store. Empty it and "
                "copy again."
            )
        number = max(
            (n for n, segment in enumerate(segments) if segment.first <= at.number + 1), default=-1
        )
        if number < 0:
            raise StoreCorrupt(
                f"{self._folder}: batches {at.number + 1} to {segments[0].first - 1} are missing. "
                "Restore the folder from a backup."
            )
        self.position = Position(
            segments[number].first - 1, segments[number].revision, segments[number].previous
        )
        for segment in segments[number:]:
            yield from self._recover_one(segment, at, last=segment is segments[-1])

    def _recover_one(
        self, segment: Segment, after: Position, *, last: bool
    ) -> Iterator[JournalBatch]:
        self._join(segment, after)
        data = self.segments.data(segment)
        walk = SegmentReader(segment, data)
        self._entries = 0
        self._first = segment.first
        for line in walk:
            try:
                batch = segment.reader.batch(line)
            except ValueError as error:
                raise walk.damage(str(error)) from None
            if batch.number != self.position.number + 1:
                raise walk.damage(
                    f"batch {self.position.number + 1} is missing, got {batch.number}"
                )
            self.position = Position(batch.number, batch.revision, walk.chain)
            self._entries += len(batch.entries)
            if batch.number > after.number:
                yield batch
            elif batch.number == after.number and walk.chain != after.chain:
                raise self._mismatch(after)
        self._size, self._whole, self._last = walk.end, len(data), segment
        if walk.end < len(data) and not (last and segment.path == self._current):
            raise walk.damage("it is cut off")

    def _join(self, segment: Segment, after: Position) -> None:
        """Checks that a segment continues the journal at the present position."""
        at = self.position
        if (segment.first, segment.previous) != (at.number + 1, at.chain):
            raise StoreCorrupt(
                f"{segment.path} does not continue after batch {at.number}. Restore the folder "
                "from a backup."
            )
        if at.number == after.number and after.chain not in (segment.previous, segment.chain):
            raise self._mismatch(after)
        self.position = Position(at.number, at.revision, segment.chain)

    def _mismatch(self, after: Position) -> StoreCorrupt:
        return StoreCorrupt(
            f"{self._folder} and the state file at batch {after.number} belong to different "
            "stores. Restore the folder from a backup."
        )

    def start(self) -> None:
        """Opens the journal for writing, after `recover`. Raises StoreCorrupt, OSError."""
        self._disk.make_folder(self._folder)
        last = self._last
        if last is not None and not self._closed_cleanly():
            self._rewrite_last(last)
        if last is None or last.path != self._current:
            # If there are segments, a crash came between the two renames of a rotation.
            self._begin_segment()
        self._fd = self._disk.open(self._current)
        self._disk.sync(self._fd)
        self._disk.sync_folder(self._folder)
        self._sound = True
        if last is not None and last.path == self._current and last.columns != COLUMNS:
            self._leave_columns(last)

    def _leave_columns(self, last: Segment) -> None:
        """Starts a new segment: the head of the present one has the columns of another version.

        A segment with a batch is left as it is. The batch without changes keeps two segments from
        beginning at the same number.
        """
        at = self.position
        if at.number < last.first:
            self.append(self.line(at.revision, 0, {}, []), at.revision, 0)
        try:
            self.rotate()
        except NotRotated as error:
            raise OSError(str(error)) from error

    def _closed_cleanly(self) -> bool:
        """Whether the journal is as a clean shutdown has left it."""
        return self._whole == self._size and self._end() == read_clean_end(self._disk, self._notes)

    def _end(self) -> CleanEnd:
        at = self.position
        return CleanEnd(at.number, f"{at.chain:08x}", self._size)

    def _rewrite_last(self, last: Segment) -> None:
        """Writes the last segment to a new file, as a failed sync may have lost some of it.

        After a failed sync the system reads the data from memory and considers it clean: another
        sync does nothing, and a power cut would lose that data and everything written after it.
        """
        if self._whole > self._size:
            log.warning(
                "%s: the last %d bytes were cut off by a crash before they were confirmed; dropped",
                last.path,
                self._whole - self._size,
            )
        log.info("%s: no clean shutdown; the last segment is written again", self._folder)
        write_safely(self._disk, last.path, [self._lines(last, self.position.chain)])

    def _lines(self, segment: Segment, chain: int) -> bytes:
        """All valid lines of a segment, which end with this checksum. Raises StoreCorrupt."""
        data = self.segments.data(segment)
        walk = SegmentReader(segment, data)
        for _ in walk:
            pass
        if walk.chain != chain:
            raise walk.damage("it ends too early")
        return data[: walk.end]

    def _begin_segment(self, *, loaded: bool = False) -> None:
        at = self.position
        head, _ = head_line(at.number + 1, at.revision, at.chain, loaded=loaded)
        write_safely(self._disk, self._current, [head])
        self._began(head)

    def _began(self, head: bytes) -> None:
        self._size, self._entries, self._first = len(head), 0, self.position.number + 1
        self._chain_from(head)

    def _chain_from(self, line: bytes) -> None:
        at = self.position
        self.position = Position(at.number, at.revision, int(line[8:16], 16))

    def line(
        self, revision: int, at: int, changed: Rows, entries: list[Entry], **more: Any
    ) -> bytes:
        """The next line. Raises ValueError or TypeError if a value cannot be encoded."""
        body = {"batch": self.position.number + 1, "revision": revision, "at": at, **more}
        body.update(changes(changed, entries))
        return seal(encode(body), self.position.chain)[0]

    def append(self, line: bytes, revision: int, entries: int, *, here: bool = False) -> None:
        """Writes a line; it is durable when this returns. Must not be called after an OSError.

        `here`: the event loop itself calls this.
        """
        assert self._fd is not None
        started = perf_counter()
        self._sound = False
        if self._disk.is_removed(self._fd):  # the system would accept writes without an end
            raise OSError(errno.ENOENT, "it was removed", str(self._current))
        self._disk.write(self._fd, line)
        self._disk.sync(self._fd)
        self.pace.took(perf_counter() - started, here=here)
        self._size += len(line)
        self._entries += entries
        self.position = Position(self.position.number + 1, revision, int(line[8:16], 16))
        self._sound = True

    def rotate(self, *, loaded: bool = False) -> Position:
        """Starts a new segment and returns the position at the end of the old one.

        Raises NotRotated if nothing has changed, and OSError if the journal must no longer be
        written.
        """
        before = self.position
        head, _ = head_line(before.number + 1, before.revision, before.chain, loaded=loaded)
        temporary = temporary_name(self._current)
        try:
            write_new(self._disk, temporary, [head])
        except OSError as error:
            raise NotRotated(str(error)) from error
        self._sound = False
        self._disk.rename(self._current, self._folder / archived_name(self._first))
        # The first rename must be durable before the second: else a power cut could leave the new
        # file in place of the old one.
        self._disk.sync_folder(self._folder)
        self._disk.rename(temporary, self._current)
        self._disk.sync_folder(self._folder)
        self.close()
        self._fd = self._disk.open(self._current)
        self._began(head)
        self._sound = True
        return before

    def restart(self, at: Position, *, loaded: bool) -> None:
        """Removes all segments and starts again at a position, for an empty store."""
        self.close()
        self._sound = False
        for segment in self.segments.all():
            if segment.path != self._current:
                self._disk.remove(segment.path)
        self.segments.forget()
        self.position = at
        self._begin_segment(loaded=loaded)
        self._fd = self._disk.open(self._current)
        self._sound = True

    def fit(self, rows: int) -> None:
        """Makes segments longer if there are many rows, because each segment ends with a snapshot.

        The length is limited, because a start reads up to one segment.
        """
        factor = min(max(1.0, rows / SEGMENT_ENTRIES), LONGEST)
        self._limits = (int(self._usual[0] * factor), int(self._usual[1] * factor))

    def postpone(self) -> None:
        """Delays the next rotation until the segment has grown by the same amount again."""
        self._limits = (self._size + self._limits[0], self._entries + self._limits[1])

    def end(self) -> None:
        """Closes the file for good, and records a clean shutdown if there was no failure."""
        if self._fd is not None and self._sound:
            try:
                self._end().write(self._disk, self._notes)
            except OSError as error:  # the next start takes a little longer then
                log.warning("%s: the clean shutdown could not be recorded: %s", self._folder, error)
        self.close()

    def close(self) -> None:
        """Closes the file."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            self._disk.close(fd)


class NotRotated(Exception):
    """A new segment could not be created; the old one stays in use."""
