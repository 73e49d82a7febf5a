"""`fancymonkey explain`: explains the stock of a size from the ledger."""

from collections import deque
from difflib import get_close_matches
from typing import Any

import click

from fancymonkey.commands.common import data_option, emit, json_option, opened, run, store_target
from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, first_location
from fancymonkey.core.model import Entry, Item, Kind, Level, Product, Reservation, sku_of
from fancymonkey.engine.clock import system_clock
from fancymonkey.errors import DataError
from fancymonkey.services.explain import CHANGES, StockExplanation
from fancymonkey.services.locations.hold_routes import route_in_words, route_json, routed_holds
from fancymonkey.store.contract import StockSnapshot
from fancymonkey.text import counted, joined
from fancymonkey.timestamps import in_ms, iso


class Instant(click.ParamType[int]):
    """A point in time: ISO 8601, UTC without a zone. In milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The time in ms since 1970."""
        try:
            return in_ms(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a valid time. Write 2026-01-31T12:00:00Z.", param, ctx)


@click.command()
@click.argument("product_id", metavar="PRODUCT")
@click.argument("size")
@click.option(
    "--as-of",
    type=Instant(),
    metavar="TIME",
    help="Explain the stock at this time (ISO 8601, UTC).",
)
@click.option(
    "--limit",
    type=WholeNumber(0),
    default=50,
    show_default=True,
    help="Show this many of the latest entries; 0 shows all.",
)
@data_option
@json_option
def explain(
    product_id: str, size: str, as_of: int | None, limit: int, data: str | None, as_json: bool
) -> None:
    """Explain the stock of a size: every movement, with its author and cause.

    Reads only, and works while a server is running.
    """
    story = run(_read(store_target(data), product_id, size, as_of, limit))
    if as_json:
        emit(_as_data(story, as_of))
    else:
        click.echo("\n".join(_in_words(story, as_of)))
    if story.broken is not None:
        raise SystemExit(1)


async def _read(
    target: str, product_id: str, size: str, as_of: int | None, limit: int
) -> StockExplanation:
    async with opened(target, read_only=True) as store:
        snapshot = await store.snapshot()
        product, item = _find(snapshot, product_id, size)
        story = StockExplanation(product, item, deque(maxlen=limit or None), None)
        await story.follow(store.history(item.sku, as_of))
        if snapshot.locations:
            story.routed = await routed_holds(store, (entry for entry, _ in story.lines))
            story.names = {row.key: row for row in (first_location(), *snapshot.locations)}
    if as_of is None:
        now = system_clock()
        story.over = sum(
            units.quantity
            for hold in snapshot.holds
            if hold.expires_at is not None and hold.expires_at <= now
            for units in hold.allocations
            if units.sku == item.sku
        )
    return story


def _find(snapshot: StockSnapshot, product_id: str, size: str) -> tuple[Product, Item]:
    """Returns the product and item, also archived ones. Raises DataError."""
    products = {product.product_id: product for product in snapshot.products}
    if product_id not in products:
        raise DataError(f"Product {product_id!r} does not exist.{_near(product_id, products)}")
    items = {item.size: item for item in snapshot.items if item.product_id == product_id}
    if size not in items:
        sizes = sorted(items.values(), key=lambda item: item.position)
        raise DataError(
            f"{product_id} has no size {size!r}. It has {joined(item.size for item in sizes)}."
            if sizes
            else f"{product_id} has no sizes."
        )
    return products[product_id], items[size]


def _near(wanted: str, products: dict[str, Product]) -> str:
    by_word = {word.lower(): id_ for id_ in products for word in (id_, products[id_].name)}
    near = dict.fromkeys(by_word[word] for word in get_close_matches(wanted.lower(), by_word, 5))
    return f" Did you mean {', '.join(near)}?" if near else ""


def _in_words(story: StockExplanation, as_of: int | None) -> list[str]:
    item = story.item
    off = ", no longer on sale" if item.archived or story.product.archived else ""
    lines = [f"{item.product_id}, size {item.size}: {story.product.name}{off}", ""]
    hidden = story.total - len(story.lines)
    if hidden:
        earlier = counted(hidden, "earlier entry", "earlier entries")
        lines.append(f"  … {earlier}; --limit 0 shows all")
    for entry, level in story.lines:
        lines.append(_line(entry, level))
        hold = _hold_begun_by(entry, story)
        if hold is not None:
            lines += [f"      {line}" for line in route_in_words(hold, story.names)]
    if not story.total:
        lines.append("  no entries until then")
    if story.broken is not None:
        lines += [
            "",
            f"This does not add up: {story.broken}. Run `fancymonkey verify` for details.",
        ]
    return [*lines, "", story.sentence(as_of)]


def _hold_begun_by(entry: Entry, story: StockExplanation) -> Reservation | None:
    """The hold whose route explains the location of an entry, or None."""
    return story.routed.get(entry.reservation_id or "") if entry.kind is Kind.RESERVED else None


def _line(entry: Entry, level: Level) -> str:
    changes = [
        f"{getattr(entry, name):+d} {word}"
        for name, word in CHANGES.items()
        if getattr(entry, name)
    ]
    where = "" if entry.location == DEFAULT_LOCATION else f" at {entry.location}"
    why = [f"“{entry.reason}”"] if entry.reason else []
    why += [f"by {entry.actor}"] if entry.actor else []
    why += [f"because of {entry.cause}"] if entry.cause else []
    why += [f"hold {entry.reservation_id}"] if entry.reservation_id else []
    return (
        f"  {iso(entry.at)}  #{entry.revision:<6} {entry.kind:<9} "
        f"{', '.join(changes) or 'no quantity'}{where} → "
        f"{level.on_hand} on hand, {level.reserved} reserved, {level.available} available"
        f"{'; ' if why else ''}{', '.join(why)}"
    )


def _as_data(story: StockExplanation, as_of: int | None) -> dict[str, Any]:
    stock = story.closing
    return {
        "productId": story.item.product_id,
        "size": story.item.size,
        "sku": sku_of(story.item.product_id, story.item.size),
        "name": story.product.name,
        "asOf": None if as_of is None else iso(as_of),
        "earlier": story.total - len(story.lines),
        "entries": [_entry_data(entry, after, story) for entry, after in story.lines],
        "onHand": stock.on_hand,
        "reserved": stock.reserved,
        "allocated": stock.allocated,
        "incoming": stock.incoming,
        "backordered": stock.backordered,
        "short": stock.short,
        "available": stock.available,
        "over": story.over,
        "problem": story.broken,
        "sentence": story.sentence(as_of),
    }


def _entry_data(entry: Entry, after: Level, story: StockExplanation) -> dict[str, Any]:
    hold = _hold_begun_by(entry, story)
    return {
        "revision": entry.revision,
        "at": iso(entry.at),
        "kind": entry.kind,
        "location": entry.location,
        "change": {name: getattr(entry, name) for name in CHANGES if getattr(entry, name)},
        "onHand": after.on_hand,
        "reserved": after.reserved,
        "available": after.available,
        "reason": entry.reason,
        "actor": entry.actor,
        "cause": entry.cause,
        "reservationId": entry.reservation_id,
        "until": None if entry.until is None else iso(entry.until),
        **({} if hold is None else {"route": route_json(hold)}),
    }
