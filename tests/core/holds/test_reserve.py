"""Reserve, row by row."""

import pytest

from fancymonkey.core.catalogue.products import RemoveProduct
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_LINES, MAX_QUANTITY, Line, Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count, SetItem
from tests.core.builders import CoreShop, Row, lines, named, take

SOLD_OUT = SetItem(sku="a/M", location=DEFAULT_LOCATION, sold_out=True)
GONE = RemoveProduct(product_id="a", location=DEFAULT_LOCATION, before=("a/S", "a/M"))
PAID = (take("cs_1", a_M=1), Capture(ref="cs_1", payment_id="cs_1"))


def wide(session: str, count: int) -> Reserve:
    """A reserve of this many lines, none of which exists."""
    lines = tuple(Line(f"a/{number}", 1) for number in range(count))
    return Reserve(
        reservation_id="w", location=DEFAULT_LOCATION, session_id=session, lines=lines, ttl=9
    )


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "one line",
                [],
                take("s1", a_M=2),
                {
                    "reservation_id": "h-s1",
                    "session_id": "s1",
                    "at": 0,
                    "expires_at": 1000,
                    "lines": [("a/M", 2, 5, 2, 3)],
                    "revision": 7,
                },
                ["reserved a/M reserved+2"],
            ),
            Row(
                "many lines",
                [],
                take("s1", a_M=2, b_S=5),
                {"lines": [("a/M", 2, 5, 2, 3), ("b/S", 5, 5, 5, 0)]},
                ["reserved a/M reserved+2", "reserved b/S reserved+5"],
            ),
            Row(
                "the last unit",
                [take("s1", a_M=4)],
                take("s2", a_M=1),
                {},
                ["reserved a/M reserved+1"],
            ),
            Row(
                "one more than there is",
                [take("s1", a_M=4)],
                take("s2", a_M=2),
                Code.INSUFFICIENT_STOCK,
            ),
            Row(
                "all lines or none",
                [take("s1", b_S=5)],
                take("s2", a_M=1, b_S=1),
                Code.INSUFFICIENT_STOCK,
            ),
            Row("unknown size", [], take("s1", a_XL=1), Code.UNKNOWN_ITEM),
            Row("removed product", [GONE], take("s1", a_M=1), Code.UNKNOWN_ITEM),
            Row("sold out by the owner", [SOLD_OUT], take("s1", a_M=1), Code.SOLD_OUT),
            Row(
                "out of stock",
                [Count(sku="a/M", location=DEFAULT_LOCATION, quantity=0)],
                take("s1", a_M=1),
                Code.INSUFFICIENT_STOCK,
            ),
            Row(
                "less than nothing is available",
                [take("s1", a_M=5), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                take("s2", a_M=1),
                Code.INSUFFICIENT_STOCK,
            ),
            Row("no units", [], take("s1", a_M=0), Code.OUT_OF_RANGE),
            Row("fewer than no units", [take("s2", a_M=3)], take("s1", a_M=-1), Code.OUT_OF_RANGE),
            Row(
                "fewer than no own units",
                [take("s1", a_M=3)],
                take("s1", a_M=-1),
                Code.OUT_OF_RANGE,
            ),
            Row("a hold that is over at once", [], take("s1", ttl=0, a_M=1), Code.OUT_OF_RANGE),
            Row(
                "more than a number can be",
                [],
                take("s1", a_M=MAX_QUANTITY + 1),
                Code.INSUFFICIENT_STOCK,
            ),
        ]
    )
)
def test_reserve(row: Row) -> None:
    row.check()


@pytest.mark.parametrize(
    **named(
        [
            Row(
                "the same again changes nothing",
                [take("s1", a_M=2)],
                take("s1", a_M=2),
                {"lines": [("a/M", 2, 5, 2, 3)]},
            ),
            Row(
                "the quantity is set, not added",
                [take("s1", a_M=2)],
                take("s1", a_M=3),
                {"lines": [("a/M", 3, 5, 3, 2)]},
                ["reserved a/M reserved+1"],
            ),
            Row(
                "fewer gives the rest back",
                [take("s1", a_M=3)],
                take("s1", a_M=1),
                {},
                ["released a/M reserved-2"],
            ),
            Row(
                "own units do not count against oneself",
                [take("s1", a_M=5)],
                take("s1", a_M=5),
                {},
            ),
            Row(
                "own units count once only",
                [take("s1", a_M=3), take("s2", a_M=2)],
                take("s1", a_M=4),
                Code.INSUFFICIENT_STOCK,
            ),
            Row(
                "another SKU joins the hold",
                [take("s1", a_M=2)],
                take("s1", b_S=1, id_="other"),
                {"reservation_id": "h-s1"},
                ["reserved b/S reserved+1"],
            ),
            Row(
                "the deadline is not pushed out",
                [take("s1", a_M=2)],
                take("s1", a_M=3, ttl=9000),
                {"expires_at": 1000},
                ["reserved a/M reserved+1"],
                at=999,
            ),
            Row(
                "sold out by the owner: one may keep or give back",
                [take("s1", a_M=3), SOLD_OUT],
                take("s1", a_M=2),
                {},
                ["released a/M reserved-1"],
            ),
            Row(
                "sold out by the owner: one may not take more",
                [take("s1", a_M=1), SOLD_OUT],
                take("s1", a_M=2),
                Code.SOLD_OUT,
            ),
            Row(
                "short: one may keep what one has",
                [take("s1", a_M=5), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                take("s1", a_M=5),
                {},
            ),
            Row(
                "short: giving back makes it less short",
                [take("s1", a_M=5), Count(sku="a/M", location=DEFAULT_LOCATION, quantity=2)],
                take("s1", a_M=4),
                {},
                ["released a/M reserved-1 short-1"],
            ),
            Row(
                "the hold's own id means it too",
                [take("s1", a_M=2)],
                take("h-s1", a_M=3),
                {"reservation_id": "h-s1"},
                ["reserved a/M reserved+1"],
            ),
            Row(
                "after it has expired: a new hold, a new check",
                [take("s1", a_M=2)],
                take("s1", id_="again", a_M=5),
                {"reservation_id": "again", "expires_at": 2000},
                ["expired a/M reserved-2", "reserved a/M reserved+5"],
                at=1000,
            ),
            Row(
                "after a release: a new hold",
                [take("s1", a_M=2), Release(ref="s1")],
                take("s1", id_="again", a_M=1),
                {"reservation_id": "again"},
                ["reserved a/M reserved+1"],
            ),
            Row(
                "after a sale to the same browser: a new hold",
                [take("s1", a_M=2), Capture(ref="s1", payment_id="cs_1")],
                take("s1", id_="again", a_M=1),
                {"reservation_id": "again"},
                ["reserved a/M reserved+1"],
            ),
            Row("a checkout that was paid", [*PAID], take("cs_1", a_M=1), Code.SESSION_PAID),
            Row(
                "the id of a hold that has ended",
                [take("s1", a_M=2), Release(ref="s1")],
                take("h-s1", id_="again", a_M=1),
                Code.HOLD_ENDED,
            ),
        ]
    )
)
def test_reserving_again(row: Row) -> None:
    row.check()


@pytest.mark.parametrize(
    **named(
        [
            Row("unknown before paid", [*PAID], take("cs_1", a_XL=1), Code.UNKNOWN_ITEM),
            Row(
                "unknown before sold out", [SOLD_OUT], take("s1", a_XL=1, a_M=1), Code.UNKNOWN_ITEM
            ),
            Row("unknown before lines", [], wide("s1", MAX_LINES + 1), Code.UNKNOWN_ITEM),
            Row("paid before sold out", [*PAID, SOLD_OUT], take("cs_1", a_M=1), Code.SESSION_PAID),
            Row(
                "ended before sold out",
                [take("s1", a_M=1), Release(ref="s1"), SOLD_OUT],
                take("h-s1", a_M=1),
                Code.HOLD_ENDED,
            ),
            Row("sold out before short", [SOLD_OUT], take("s1", a_M=1, b_M=9), Code.SOLD_OUT),
            Row("short before range", [], take("s1", a_M=0, b_M=9), Code.INSUFFICIENT_STOCK),
        ]
    )
)
def test_the_first_of_several_refusals(row: Row) -> None:
    row.check()


def test_a_refusal_names_every_line_that_is_short() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=4))
    answer = shop.do(take("s2", a_M=2, a_S=1, b_S=6))
    assert isinstance(answer, Refused)
    assert answer.detail == [
        {"sku": "a/M", "requested": 2, "available": 1},
        {"sku": "b/S", "requested": 6, "available": 5},
    ]


def test_lines_of_one_sku_in_one_command_are_one() -> None:
    shop = CoreShop()
    twice = Reserve(
        reservation_id="h",
        location=DEFAULT_LOCATION,
        session_id="s1",
        lines=(*lines(a_M=2), *lines(a_M=3)),
        ttl=9,
    )
    answer = shop.do(twice)
    assert isinstance(answer, Accepted)
    assert shop.hold("s1").lines == lines(a_M=5)
    assert answer.data.lines == (("a/M", 5, 5, 5, 0),)
    shop.do(Release(ref="s1"))
    more = Reserve(
        reservation_id="h2",
        location=DEFAULT_LOCATION,
        session_id="s1",
        lines=(*lines(a_M=3), *lines(a_M=3)),
        ttl=9,
    )
    refused = shop.do(more)
    assert isinstance(refused, Refused)
    assert refused.detail == [{"sku": "a/M", "requested": 6, "available": 5}]
    shop.audit()


def test_the_lines_of_a_hold_are_limited() -> None:
    shop = CoreShop()
    lines = [Line(f"p/{number}", 1) for number in range(MAX_LINES + 1)]
    _stock(shop, MAX_LINES + 1)
    many = Reserve(
        reservation_id="h", location=DEFAULT_LOCATION, session_id="s1", lines=tuple(lines), ttl=9
    )
    refused = shop.do(many)
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_LINES
    first = Reserve(
        reservation_id="h",
        location=DEFAULT_LOCATION,
        session_id="s1",
        lines=tuple(lines[:-1]),
        ttl=9,
    )
    assert isinstance(shop.do(first), Accepted)
    last = Reserve(
        reservation_id="h", location=DEFAULT_LOCATION, session_id="s1", lines=(lines[-1],), ttl=9
    )
    refused = shop.do(last)
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_LINES
    assert len(shop.hold("s1").lines) == MAX_LINES


def test_too_many_lines_comes_before_sold_out() -> None:
    shop = CoreShop()
    _stock(shop, MAX_LINES + 1)
    shop.do(SetItem(sku="p/0", location=DEFAULT_LOCATION, sold_out=True))
    lines = tuple(Line(f"p/{number}", 1) for number in range(MAX_LINES + 1))
    refused = shop.do(
        Reserve(reservation_id="h", location=DEFAULT_LOCATION, session_id="s1", lines=lines, ttl=9)
    )
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_LINES


def _stock(shop: CoreShop, sizes: int) -> None:
    from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
    from fancymonkey.core.model import Item, Product

    items = tuple(NewItem(Item(f"p/{n}", "p", str(n), n), 1) for n in range(sizes))
    shop.do(UpsertProduct(product=Product("p", "P"), location=DEFAULT_LOCATION, items=items))


def test_a_hold_ends_at_its_very_millisecond() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=5))
    assert isinstance(shop.do(take("s2", a_M=1), at=999), Refused)
    assert isinstance(shop.do(take("s2", a_M=1), at=1000), Accepted)
    assert shop.hold("s1").status is Status.EXPIRED


def test_reserving_by_an_old_holds_id_never_makes_a_second_hold() -> None:
    """Such an id would always mean the old hold, and its own units would count twice."""
    shop = CoreShop()
    shop.do(take("s1", a_M=3), Release(ref="s1"))
    shop.do(take("h-s1", id_="h2", a_M=3))
    shop.do(take("h-s1", id_="h3", a_M=3))
    assert shop.numbers("a/M") == (5, 0, 0)


def test_a_shortfall_never_shows_a_negative_number() -> None:
    shop = CoreShop()
    shop.do(take("s1", a_M=5), Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=-3))
    answer = shop.do(take("s2", a_M=1))
    assert isinstance(answer, Refused)
    assert answer.detail == [{"sku": "a/M", "requested": 1, "available": 0}]
