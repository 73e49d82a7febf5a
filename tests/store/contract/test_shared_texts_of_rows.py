"""The text of parts that many holds share is encoded once, and never that of other parts."""

from fancymonkey.core.model import Allocation, Entry, Kind, Reservation, Status
from fancymonkey.store.sql import codecs
from fancymonkey.store.sql.columns import ENTRIES, TABLES

TABLE = TABLES[Reservation]
PLACE = [column.name for column in TABLE.columns].index("allocations")


def hold(units: tuple[Allocation, ...]) -> Reservation:
    return Reservation("res_1", "s", Status.HELD, units, 1, 2)


def parts(count: int, quantity: int = 1) -> tuple[Allocation, ...]:
    return tuple(Allocation(f"part/{n}", quantity, "main") for n in range(count))


def test_holds_with_the_same_units_share_a_text() -> None:
    units = parts(5)
    first, second = (TABLE.values(hold(units))[PLACE] for _ in range(2))
    assert first is second
    assert TABLE.row(TABLE.values(hold(units))) == hold(units)


def test_other_units_have_their_own_text() -> None:
    for number in range(3 * codecs.SHARED_MAX):  # a new object may have the id of a freed one
        units = parts(2 + number % 3, 1 + number)
        assert TABLE.row(TABLE.values(hold(units))) == hold(units)


def test_the_kind_of_an_entry_is_a_text() -> None:
    entry = Entry(1, 2, Kind.RESERVED, "a/M", "main", reserved=1, reserved_after=1)
    assert ENTRIES.row(ENTRIES.values(entry)) == entry
    kind = ENTRIES.values(entry)[2]
    assert isinstance(kind, str)
    assert kind == "reserved"
