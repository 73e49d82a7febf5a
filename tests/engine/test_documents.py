"""Values kept as documents, with compare-and-set."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from fancymonkey.engine.documents import Conflict, DocumentCollection, put_documents_command
from fancymonkey.engine.engine import Engine
from fancymonkey.store.in_memory.store import MemoryStore


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    stars: int = 0


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine(MemoryStore())
    await engine.open()
    yield engine
    await engine.close()


async def test_a_value_comes_back_as_it_was(engine: Engine) -> None:
    notes = DocumentCollection(engine, "notes", Note)
    assert await notes.get("a") is None
    assert await notes.put("a", Note("é", 3)) == 1
    note = await notes.get("a")
    assert note is not None
    assert (note.value, note.version, note.name) == (Note("é", 3), 1, "a")
    await DocumentCollection(engine, "other", Note).put("b", Note("elsewhere"))
    assert [note.name for note in await notes.all()] == ["a"]


async def test_a_change_needs_the_latest_version(engine: Engine) -> None:
    notes = DocumentCollection(engine, "notes", Note)
    await notes.put("a", Note("1"), expected=0)
    with pytest.raises(Conflict):
        await notes.put("a", Note("2"), expected=0)
    with pytest.raises(Conflict):
        await put_documents_command(
            engine, notes.draft("b", Note("x")), notes.draft("a", Note("2"), expected=7)
        )
    assert [note.value.text for note in await notes.all()] == ["1"]
    await notes.put("a", None, expected=1)
    assert await notes.get("a") is None
    assert await notes.all() == []
