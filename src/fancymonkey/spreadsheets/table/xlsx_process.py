"""Reads and writes spreadsheets in a separate process, which may fail without other effects.

An XLSX is a zip of XML from an unknown source. This process has a limit of memory and time, and
buyers never wait for it. The two processes exchange lines of JSON.

Run as `python -m fancymonkey.spreadsheets.table.xlsx_process read|write`: a file comes in
or goes out.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.table import xlsx
from fancymonkey.spreadsheets.table.csv_table import TooManyRows

PORTION = 500
MEMORY = 2 << 30
"""In bytes of address space."""

SECONDS = 120
"""Seconds of processor time; three times as many on the clock."""

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class SheetPortion:
    """Some lines of a sheet; their total number, the sheet's name, and the names of all sheets."""

    of: int
    rows: Rows
    sheet: str
    sheets: list[str]


async def read(data: bytes, sheet: str | None = None) -> AsyncIterator[SheetPortion]:
    """Reads the lines of a spreadsheet in portions. Raises DataError, WhichSheet."""
    process = await _start("read")
    try:
        async with asyncio.timeout(SECONDS * 3):
            wanted = json.dumps({"sheet": sheet}).encode() + b"\n"
            feeding = asyncio.create_task(_feed(process, wanted + data))
            assert process.stdout is not None
            async for line in process.stdout:
                answer = json.loads(line)
                if answer.get("many"):
                    raise TooManyRows
                if "which" in answer:
                    raise xlsx.SheetAmbiguous(answer["which"], answer["sheets"])
                if "error" in answer:
                    raise DataError(answer["error"])
                rows = [(number, cells) for number, cells in answer["rows"]]
                yield SheetPortion(answer["of"], rows, answer["sheet"], answer["sheets"])
            await feeding
            if await process.wait():
                raise DataError(xlsx.NO_TABLE)
    except TimeoutError:
        raise DataError("Reading the file takes too long. Split it.") from None
    finally:
        await _end(process)


async def write(
    columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[Sequence[str]]]
) -> bytes:
    """Writes a spreadsheet of rows that come in portions. Raises DataError."""
    process = await _start("write")
    try:
        async with asyncio.timeout(SECONDS * 3):
            reading = asyncio.create_task(_all_of(process))
            assert process.stdin is not None
            with contextlib.suppress(ConnectionError):
                for portion in chain([[columns, kinds]], rows):
                    process.stdin.write(json.dumps(portion).encode() + b"\n")
                    await process.stdin.drain()
                    await asyncio.sleep(0)  # lets other tasks run in between
            process.stdin.close()
            made = await reading
            if await process.wait() or not made.startswith(b"PK"):
                text = made.decode(errors="replace") if made.startswith(b"{") else ""
                raise DataError(
                    json.loads(text)["error"] if text else "The spreadsheet could not be created."
                )
            return made
    except TimeoutError:
        raise DataError(
            "Creating the spreadsheet takes too long. Choose fewer rows, or CSV."
        ) from None
    finally:
        await _end(process)


async def _start(what: str) -> asyncio.subprocess.Process:
    command = (sys.executable, "-P", "-m", "fancymonkey.spreadsheets.table.xlsx_process", what)
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=64 << 20,
        )
    except (OSError, NotImplementedError) as error:
        raise DataError("This server does not support spreadsheets. Use CSV.") from error


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _all_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.read()


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for resource_kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        with contextlib.suppress(ValueError, OSError):  # macOS has no memory limit
            resource.setrlimit(resource_kind, (most, most))


def main(what: str) -> None:
    """Handles the input, and writes the result."""
    _limit()
    out = sys.stdout.buffer
    try:
        if what == "read":
            wanted = json.loads(sys.stdin.buffer.readline())["sheet"]
            sheet = xlsx.read(sys.stdin.buffer.read(), wanted)
            rows, named = sheet.rows, {"sheet": sheet.name, "sheets": sheet.names}
            for start in range(0, max(1, len(rows)), PORTION):
                answer = {"of": len(rows), "rows": rows[start : start + PORTION], **named}
                out.write(json.dumps(answer).encode() + b"\n")
        else:
            lines = sys.stdin.buffer
            columns, kinds = json.loads(lines.readline())
            rows_in = (row for line in lines for row in json.loads(line))
            out.write(xlsx.write(columns, kinds, rows_in))
    except TooManyRows:
        out.write(b'{"many": true}\n')
    except xlsx.SheetAmbiguous as error:
        out.write(json.dumps({"which": error.reason, "sheets": error.sheets}).encode() + b"\n")
    except DataError as error:
        out.write(json.dumps({"error": str(error)}).encode() + b"\n")
    except MemoryError:
        out.write(json.dumps({"error": "The unpacked file is too large."}).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
