"""A store's rows and ledger as lines of JSON, which any store can restore."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from fancymonkey.core.model import Entry, Row
from fancymonkey.core.rows import ROWS
from fancymonkey.errors import BackupError
from fancymonkey.store.contract import R, Snapshot
from fancymonkey.store.json.records import (
    COLUMNS,
    Columns,
    JournalBatch,
    LineReader,
    changes,
    encode,
    table,
)
from fancymonkey.store.json.snapshots import SLICE

NAME = "rows.jsonl"
LEDGER = "ledger.jsonl"


class _RowsHead(msgspec.Struct):
    columns: Columns


async def write(source: Snapshot, folder: Path) -> None:
    """Writes all rows and entries into two files of a folder. Raises OSError."""
    head = encode(_RowsHead(COLUMNS)) + b"\n"
    with (folder / NAME).open("wb") as file:
        file.write(head)
        for kind in ROWS:
            part: list[Row] = []
            async for row in source.scan(kind):
                part.append(row)
                if len(part) == SLICE:
                    file.write(table(kind, part))
                    part = []
            file.write(table(kind, part))
    with (folder / LEDGER).open("wb") as file:
        file.write(head)
        entries: list[Entry] = []
        async for entry in source.entries():
            entries.append(entry)
            if len(entries) == SLICE:
                file.write(encode(changes({}, entries)) + b"\n")
                entries = []
        file.write(encode(changes({}, entries)) + b"\n")


def read(folder: Path, revision: int) -> Snapshot:
    """The files of `write`, as a snapshot to copy from."""

    async def scan(kind: type[R]) -> AsyncIterator[R]:
        for batch in _batches(folder / NAME):
            for row in batch.rows:
                if type(row) is kind:
                    yield row

    async def entries() -> AsyncIterator[Entry]:
        for batch in _batches(folder / LEDGER):
            for entry in batch.entries:
                yield entry

    return Snapshot(revision, scan, entries)


def _batches(path: Path) -> Iterator[JournalBatch]:
    try:
        with path.open("rb") as file:
            reader = LineReader(msgspec.json.decode(file.readline(), type=_RowsHead).columns)
            for line in file:
                yield reader.batch(line)
    except (ValueError, OSError) as error:
        raise BackupError(f"The backup's {path.name} cannot be read: {error}.") from error
