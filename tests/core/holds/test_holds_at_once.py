"""The short ways of simple holds give exactly the result of `serve` and of the search."""

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from fancymonkey.core.execute import run_one
from fancymonkey.core.explode import Choice
from fancymonkey.core.holds import reserve as reserve_module
from fancymonkey.core.holds import serve as serve_module
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.item_parts import (
    Bundle,
    BundlePolicy,
    ChoiceGroup,
    Component,
    SafetyStock,
)
from fancymonkey.core.locations import route as route_module
from fancymonkey.core.locations.accounts import StockState, account_of, is_for_sale
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.locations.routing import Destination, Routing, RoutingRule
from fancymonkey.core.model import (
    Item,
    Level,
    Line,
    Reservation,
    Row,
    SessionLink,
    Status,
)
from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.core.state import Rows, State
from fancymonkey.store.contract import empty_rows

SKUS = ("x/M", "y/M", "kit/M")
PLACES = (DEFAULT_LOCATION, "berlin", "paris", "closed")
ACCOUNTS = (*PLACES, account_of("berlin", StockState.DAMAGED))
NOW = 1_000_000


@st.composite
def shops(draw: st.DrawFn) -> Rows:
    """Rows of two ordinary items and a bundle at some of four locations."""
    rows: list[Row] = []
    for sku in SKUS:
        for account in draw(st.sets(st.sampled_from(ACCOUNTS))):
            sold = is_for_sale(account)
            on_hand = draw(st.integers(0, 8))
            reserved = draw(st.integers(0, 3)) if sold else 0
            allocated = draw(st.integers(0, 2)) if sold else 0
            short = max(0, reserved + allocated - on_hand)
            rows.append(Level(sku, account, on_hand, reserved, allocated, short=short))
        rows.append(draw(items(sku)))
    if draw(st.booleans()):
        rows.append(Location(DEFAULT_LOCATION, "First", priority=draw(st.integers(1, 2))))
    rows += [
        Location("berlin", "Berlin", country="DE", priority=draw(st.integers(1, 2))),
        Location("paris", "Paris", country="FR", sells_online=draw(st.booleans())),
        Location("closed", "Closed", active=False),
    ]
    if draw(st.booleans()):  # the session had a hold before
        status = draw(st.sampled_from(Status))
        rows.append(Reservation("res_0", "buyer", status, (), NOW, NOW + 1))
        rows.append(SessionLink("buyer", "res_0"))
    base = empty_rows()
    for row in rows:
        base[type(row)][row.key] = row
    return base


@st.composite
def items(draw: st.DrawFn, sku: str) -> Item:
    product_id, _, size = sku.partition("/")
    safety = draw(st.sets(st.sampled_from(("berlin", DEFAULT_LOCATION)))) if _rarely(draw) else ()
    item: dict[str, Any] = {
        "sold_out": _rarely(draw),
        "archived": _rarely(draw),
        "safety_stock": tuple(SafetyStock(place, draw(st.integers(1, 3))) for place in safety),
    }
    if sku == "kit/M":
        item["bundle"] = Bundle(
            draw(st.integers(1, 3)),
            draw(st.sampled_from(BundlePolicy)),
            sold_from=NOW + 1 if _rarely(draw) else None,
            max_per_order=2 if _rarely(draw) else None,
            max_sold=1 if _rarely(draw) else None,
        )
        grouped = _rarely(draw)
        item["components"] = tuple(
            Component(
                part,
                draw(st.integers(1, 2)),
                group="any" if grouped and part == "y/M" else "",
                keep=draw(st.integers(0, 2)) if _rarely(draw) else 0,
            )
            for part in draw(st.sampled_from([("x/M", "y/M"), ("y/M",), ("x/M", "lost/M")]))
        )
        item["groups"] = (ChoiceGroup("any", 1),) if grouped else ()
    return Item(sku, product_id, size, **item)


def _rarely(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 7)) == 7


ROUTINGS = st.none() | st.builds(
    Routing,
    only_from=st.sampled_from([None, None, None, "berlin", "closed"]),
    pickup_at=st.sampled_from([None, None, None, "paris"]),
    destination=st.sampled_from([Destination(), Destination("DE"), Destination("FR")]),
    rules=st.permutations(list(RoutingRule)).map(tuple),
    split_lines=st.booleans(),
    max_parcels=st.sampled_from([None, None, 0, 1]),
)
LINES = st.lists(
    st.builds(Line, st.sampled_from((*SKUS, "lost/M")), st.integers(0, 4)), min_size=1, max_size=2
).map(tuple)
CHOICES = st.sampled_from([(), (), (), (Choice("kit/M", "y/M", 1),)])


def outcome(base: Rows, command: Reserve) -> tuple[Answer, State]:
    """The answer of a command, and the state after it."""
    locations: dict[str, list[str]] = {sku: [] for sku in (*SKUS, "lost/M")}
    for level in base[Level].values():
        locations[level.sku].append(level.location)
    state = State(base, 7, NOW, locations)
    return run_one(state, command), state


@pytest.mark.slow
@given(shops(), LINES, ROUTINGS, CHOICES, st.sampled_from([0, 1000, 1000, 1000]))
@settings(max_examples=300, deadline=None)
def test_the_short_ways_change_nothing(
    base: Rows,
    lines: tuple[Line, ...],
    routing: Routing | None,
    choices: tuple[Choice, ...],
    ttl: int,
) -> None:
    command = Reserve(
        reservation_id="res_1",
        session_id="buyer",
        lines=lines,
        location=DEFAULT_LOCATION,
        ttl=ttl,
        routing=routing,
        choices=choices,
    )
    short, state = outcome(base, command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserve_module, "serve_line", lambda *_: None)
        patch.setattr(serve_module, "serve_bundle", lambda *_: None)
        patch.setattr(route_module, "route_line", lambda *_: None)
        patch.setattr(route_module, "_complete_locations", lambda *_: [])
        long, expected = outcome(base, command)
    event(f"{'routed' if routing else 'one location'}, {type(short).__name__}, {lines[0].sku}")
    assert short == long
    assert state.entries == expected.entries
    assert state.changed == expected.changed
    assert list(state.changed) == list(expected.changed)
    assert state.added == expected.added


def test_simple_holds_take_the_short_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    base = empty_rows()
    kit = Item(
        "kit/M",
        "kit",
        "M",
        bundle=Bundle(1, BundlePolicy.TOGETHER),
        components=(Component("x/M", 2), Component("y/M", 1)),
    )
    for row in (Item("x/M", "x", "M"), Item("y/M", "y", "M"), kit):
        base[Item][row.sku] = row
        if row.bundle is None:
            base[Level][row.sku, DEFAULT_LOCATION] = Level(row.sku, DEFAULT_LOCATION, 9, 2)
    monkeypatch.setattr(reserve_module, "stock_of_lines", None)  # neither is called
    monkeypatch.setattr(serve_module, "explode", None)
    for sku, routing in (("x/M", Routing()), ("kit/M", None)):
        command = Reserve(
            reservation_id="res_1",
            session_id="buyer",
            lines=(Line(sku, 1),),
            location=DEFAULT_LOCATION,
            ttl=1000,
            routing=routing,
        )
        answer, state = outcome(base, command)
        assert isinstance(answer, Accepted)
        assert answer.data.because == ((f"{'Main' if routing else 'main'} has all of it."),)
        assert sum(entry.reserved for entry in state.entries) == (1 if routing else 3)
        stock = (9, 3, 6) if routing else (3, 1, 2)  # 7 free of x: three bundles, one of them held
        assert answer.data.lines == ((sku, 1, *stock),)
