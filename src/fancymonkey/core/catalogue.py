"""What the shop sells: products and sizes come, change and go."""

from collections.abc import Iterator
from dataclasses import replace

from fancymonkey.core.command import Command, needs_item
from fancymonkey.core.frozen import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Level, Product, sku_of
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item as the owner describes it, and how many units there are at first.

    `on_hand` counts only where the item is new.
    """

    item: Item
    on_hand: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertProduct(Command):
    """Makes the catalogue hold this product with exactly these sizes.

    A size that is not listed is archived, which is refused while anybody holds units of it.
    Stock of sizes that exist already is left alone: that is a `Count`.
    `before` names the rows that existed when the command was made, so that sizes to archive are
    known to the store; it decides nothing.
    """

    product: Product
    items: tuple[NewItem, ...]
    before: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveProduct(Command):
    """Takes a product and its sizes out of the shop; its history stays. Refused over live holds."""

    product_id: str
    before: tuple[str, ...] = ()
    reason: str = ""


def needs_catalogue(command: UpsertProduct | RemoveProduct, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    if isinstance(command, UpsertProduct):
        yield Product, command.product.product_id
        for new in command.items:
            yield from needs_item(new.item.sku, "main")
    else:
        yield Product, command.product_id
    for sku in command.before:
        yield from needs_item(sku, "main")


def upsert_product(state: State, command: UpsertProduct) -> Answer:
    """Applies an `UpsertProduct`."""
    product = command.product
    listed = {new.item.sku for new in command.items}
    gone = [sku for sku in command.before if sku not in listed]
    refused = _impossible(state, command) or _held(state, gone)
    if refused is not None:
        return refused
    old = state.get(Product, product.product_id)
    kept = product if old is None else replace(product, updated_at=old.updated_at)
    if kept != old:
        state.put(kept if old is None and kept.updated_at else replace(kept, updated_at=state.now))
        state.note(
            Kind.ADDED if old is None or old.archived else Kind.EDITED,
            product.product_id,
            actor=command.actor,
            reason=command.reason,
            cause=command.cause,
        )
    for new in command.items:
        _upsert_item(state, command, new)
    for sku in gone:
        _archive(state, command, sku)
    return Accepted({"product_id": product.product_id, "revision": state.revision})


def _impossible(state: State, command: UpsertProduct) -> Refused | None:
    """Why the first stock of a new size cannot be, or None."""
    for new in command.items:
        fault = {"sku": new.item.sku, "onHand": new.on_hand}
        if state.get(Item, new.item.sku) is not None:
            continue
        if new.on_hand < 0:
            return Refused(Code.BELOW_ZERO, "Stock cannot be below zero.", fault)
        if new.on_hand > MAX_QUANTITY:
            return Refused(Code.OUT_OF_RANGE, f"There can be {MAX_QUANTITY} at most.", fault)
    return None


def _upsert_item(state: State, command: UpsertProduct, new: NewItem) -> None:
    item, old = new.item, state.get(Item, new.item.sku)
    if item == old:
        return
    assert item.sku == sku_of(command.product.product_id, item.size)
    state.put(item)
    if old is None:
        level = state.get(Level, (item.sku, "main"))
        assert level is None
        state.post(
            Kind.ADDED,
            item.sku,
            on_hand=new.on_hand,
            actor=command.actor,
            reason=command.reason,
            cause=command.cause,
        )
    else:
        state.note(
            Kind.ADDED if old.archived else Kind.EDITED,
            item.sku,
            actor=command.actor,
            reason=command.reason,
            cause=command.cause,
        )


def remove_product(state: State, command: RemoveProduct) -> Answer:
    """Applies a `RemoveProduct`."""
    product = state.get(Product, command.product_id)
    if product is None or product.archived:
        return Refused(Code.UNKNOWN_PRODUCT, "There is no such product.", command.product_id)
    refused = _held(state, command.before)
    if refused is not None:
        return refused
    for sku in command.before:
        _archive(state, command, sku)
    state.put(replace(product, archived=True, updated_at=state.now))
    state.note(
        Kind.REMOVED,
        command.product_id,
        actor=command.actor,
        reason=command.reason,
        cause=command.cause,
    )
    return Accepted({"product_id": command.product_id, "revision": state.revision})


def _held(state: State, skus: tuple[str, ...] | list[str]) -> Refused | None:
    held = [{"sku": sku, "reserved": state.level(sku).reserved} for sku in skus]
    held = [row for row in held if row["reserved"]]
    if held:
        return Refused(Code.LIVE_HOLDS, "Buyers hold units of it. End these holds first.", held)
    return None


def _archive(state: State, command: UpsertProduct | RemoveProduct, sku: str) -> None:
    item = state.get(Item, sku)
    if item is None or item.archived:
        return
    state.put(replace(item, archived=True))
    state.note(
        Kind.REMOVED,
        sku,
        actor=command.actor,
        reason=command.reason,
        cause=command.cause,
    )
