"""The rows in memory: the cost of a read, and the size of its indexes."""

import random
from collections.abc import Iterable

from fancymonkey.core.documents.document import Document
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Allocation, Reservation, Status
from fancymonkey.store.in_memory.past import Removed
from fancymonkey.store.in_memory.rows import PAGE, RowsInMemory


class Name(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __lt__(self, other: str) -> bool:
        Name.compared += 1
        return str.__lt__(self, other)

    def __gt__(self, other: str) -> bool:
        Name.compared += 1
        return str.__gt__(self, other)


def document(folder: str, name: str, until: int | None = None) -> Document:
    return Document(folder, name, 1, 0, "x", until)


def put(image: RowsInMemory, documents: Iterable[Document]) -> None:
    image.apply({Document: {row.key: row for row in documents}}, image.revision + 1)


def names(image: RowsInMemory, folder: str) -> list[str]:
    rows = []
    for row in image.after(Document, (folder, "")):
        assert isinstance(row, Document)
        if row.folder != folder:
            break
        rows.append(row.name)
    return rows


def test_a_small_folder_costs_little_beside_a_large_one() -> None:
    image = RowsInMemory()
    chance = random.Random(1)
    put(image, (document("source", Name(chance.random())) for _ in range(5000)))
    put(image, (document("jobs", Name(n)) for n in range(8)))
    assert len(names(image, "jobs")) == 8
    Name.compared = 0
    for _ in range(10):
        put(image, [document("source", Name(chance.random()))])
        assert len(names(image, "jobs")) == 8
    assert Name.compared < 1000


def test_live_changes_never_reorder() -> None:
    image = RowsInMemory()
    chance = random.Random(2)
    for step in range(120):
        folder = chance.choice("abc")
        many = chance.choice((0, 1, 3, PAGE, 3 * PAGE))
        put(image, (document(folder, f"{chance.randrange(3000)}", step) for _ in range(many)))
        if chance.random() < 0.3:
            image.remove(Removed(pruned=step - 5))
        if chance.random() < 0.7:
            assert list(image.after(Document, None)) == [
                image.rows[Document][key] for key in sorted(image.rows[Document])
            ]
        middle = (chance.choice("abbcd"), f"{chance.randrange(3000)}")
        assert [row.key for row in image.after(Document, middle)] == [
            key for key in sorted(image.rows[Document]) if key > middle
        ]


def test_a_scan_continues_at_its_place_during_writes() -> None:
    image = RowsInMemory()
    put(image, (document("a", f"{n:04}", 0 if n < 50 else None) for n in range(2 * PAGE)))
    seen = []
    for row in image.after(Document, None):
        seen.append(row.key[1])
        if len(seen) == PAGE // 2:
            image.remove(Removed(pruned=1))
            put(image, [document("a", "0000x"), document("a", "9999")])
    assert seen == [*(f"{n:04}" for n in range(2 * PAGE)), "9999"]


def hold(image: RowsInMemory, quantity: int, until: int, status: Status = Status.HELD) -> None:
    row = Reservation(
        "r1", "s1", status, (Allocation("a/M", quantity, DEFAULT_LOCATION),), 0, until
    )
    image.apply({Reservation: {row.key: row}}, image.revision + 1)


def test_a_hold_that_changes_often_has_each_deadline_once() -> None:
    image = RowsInMemory()
    for until in (1000, 2000):
        for quantity in range(50):
            hold(image, quantity + 1, until)
    assert len(image._due) == 2
    assert image.due(1500) == []
    assert [row.allocations[0].quantity for row in image.due(2000)] == [50]
    hold(image, 1, 2000, Status.RELEASED)
    assert image.next_due() is None


def test_a_hold_that_lives_again_is_due_again() -> None:
    image = RowsInMemory()
    hold(image, 1, 1000)
    hold(image, 1, 1000, Status.EXPIRED)
    assert image.next_due() is None
    hold(image, 1, 1000)
    assert image.next_due() == 1000
    hold(image, 1, 3000)
    hold(image, 1, 1000)
    assert image.next_due() == 1000
