"""One attempt at a batch on PostgreSQL: reads, decides, writes and commits."""

from collections.abc import Sequence

from fancymonkey.core.command import Command
from fancymonkey.core.execute import execute, loads
from fancymonkey.core.state import State
from fancymonkey.errors import StoreUnavailable
from fancymonkey.store import postgres_batch as batch
from fancymonkey.store.base import Commit, empty_rows
from fancymonkey.store.postgres_link import Connection
from fancymonkey.store.postgres_writer import commit, committed
from fancymonkey.store.tables import commit_after


async def attempt(
    writer: Connection,
    known_schema: int,
    commands: Sequence[Command],
    now: int,
    after: int,
    *,
    locked: bool,
) -> Commit | None:
    """What the batch did, or None where others have written in between: then it did nothing.

    `locked`: a transaction is open in which the head is locked; it is committed. Otherwise the
    write is a transaction by itself.
    """
    state = State(empty_rows(), 0, now)
    asking = loads(commands, state)
    head, others, due = await batch.read_first(writer, next(asking), state, after)
    if not (locked or head.free):
        return None
    if head.schema != known_schema:
        raise StoreUnavailable(
            f"The database has schema {head.schema}, this program knows {known_schema}: "
            f"restart it with the version that made it."
        )
    try:
        load = asking.send(due)
        while True:
            if await batch.read_more(writer, load, state) != head.mark:
                return None  # rows of two moments are never decided on together
            load = asking.send([])
    except StopIteration as stop:
        due = stop.value
    answers = execute(state, commands, due)
    write = batch.write(writer, state, head.mark, locked=locked)
    if locked:
        moved = await write
        await commit(writer)
    else:
        moved = await committed(writer, write)
    return commit_after(state, answers, others, after) if moved else None
