"""Adds, changes and removes products and sizes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from fancymonkey.core.catalogue.answers import FieldsEdited, ProductChanged, SizeChanged
from fancymonkey.core.catalogue.field_changes import WIRE, in_words, plain
from fancymonkey.core.catalogue.held import needs_held, refuse_held
from fancymonkey.core.catalogue.renames import RENAMES, note_renames
from fancymonkey.core.command import Command, needs_stock
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.model import MAX_QUANTITY, Item, Kind, Level, Product, sku_of
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item as the owner describes it, and its first units.

    `on_hand` counts only if the item is new, at the location of the command.
    """

    item: Item
    on_hand: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertProduct(Command):
    """Sets a product with exactly these sizes.

    A size that is not listed is archived, which is refused while holds have units of it. The stock
    of existing sizes stays: a `Count` changes it. `before` names the sizes that existed when the
    command was made, so that the store loads the sizes to archive; it decides nothing.
    """

    product: Product
    location: str
    items: tuple[NewItem, ...]
    before: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveProduct(Command):
    """Takes a product with its sizes off sale; its history stays. Refused with live holds."""

    product_id: str
    location: str
    before: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProduct(Command):
    """Adds a new product, with its sizes and their first stock."""

    product: Product
    location: str
    items: tuple[NewItem, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem(Command):
    """Adds a new size to a product on sale."""

    new: NewItem
    location: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFields(Command):
    """Changes fields of a product, or of a size where `key` is a SKU; the rest stays as it is.

    Fields have the names of the model. `was` has the values that the owner saw; if one has changed,
    the command is refused.
    """

    key: str
    location: str
    fields: tuple[tuple[str, Any], ...]
    was: tuple[tuple[str, Any], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveItem(Command):
    """Takes a size off sale; its history stays. Refused while it has live holds."""

    sku: str
    location: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreProduct(Command):
    """Puts a product on sale again, with these of its sizes."""

    product_id: str
    location: str
    skus: tuple[str, ...]
    reason: str = ""


CatalogueCommand = (
    UpsertProduct | RemoveProduct | AddProduct | AddItem | EditFields | RemoveItem | RestoreProduct
)


def needs_catalogue(command: CatalogueCommand, state: State) -> Iterator[Key]:
    """The rows that the rules of this file read."""
    product_id, skus = _touched(command)
    if product_id:
        yield Product, product_id
    for sku in skus:
        yield from needs_stock(sku)
        yield Level, (sku, command.location)
        yield from needs_held(state, sku)
    for sku in command.before if isinstance(command, UpsertProduct) else ():
        yield Document, (RENAMES, sku)


def _touched(command: CatalogueCommand) -> tuple[str, Sequence[str]]:
    """The product and the SKUs of a command."""
    match command:
        case UpsertProduct():
            items = [new.item.sku for new in command.items]
            return command.product.product_id, [*items, *command.before]
        case RemoveProduct():
            return command.product_id, command.before
        case AddProduct():
            return command.product.product_id, [new.item.sku for new in command.items]
        case AddItem():
            return command.new.item.product_id, (command.new.item.sku,)
        case EditFields():
            return ("", (command.key,)) if "/" in command.key else (command.key, ())
        case RemoveItem():
            return "", (command.sku,)
        case RestoreProduct():
            return command.product_id, command.skus


def upsert_product(state: State, command: UpsertProduct) -> Answer:
    """Applies an `UpsertProduct`."""
    product = command.product
    listed = {new.item.sku for new in command.items}
    gone = [sku for sku in command.before if sku not in listed]
    refused = _impossible(state, command.items) or refuse_held(state, gone)
    if refused is not None:
        return refused
    old = state.get(Product, product.product_id)
    stored = product if old is None else replace(product, updated_at=old.updated_at)
    if stored != old:
        dated = old is None and 0 < stored.updated_at <= state.now
        state.put(stored if dated else replace(stored, updated_at=state.now))
        kind = Kind.ADDED if old is None or old.archived else Kind.EDITED
        _note(state, command, kind, product.product_id, command.reason)
    note_renames(state, gone, [(new.item, new.on_hand) for new in command.items])
    for new in command.items:
        _upsert_item(state, command, new)
    for sku in gone:
        _archive(state, command, sku)
    return Accepted(ProductChanged(product.product_id, state.revision))


def _impossible(state: State, items: Iterable[NewItem]) -> Refused | None:
    """The reason why the first stock of a new size is not valid, or None."""
    for new in items:
        fault = {"sku": new.item.sku, "onHand": new.on_hand}
        if state.get(Item, new.item.sku) is not None:
            continue
        if new.on_hand < 0:
            return Refused(Code.BELOW_ZERO, "Stock cannot be below zero.", fault)
        if new.on_hand > MAX_QUANTITY:
            return Refused(Code.OUT_OF_RANGE, f"Stock can be at most {MAX_QUANTITY}.", fault)
    return None


def _upsert_item(state: State, command: UpsertProduct, new: NewItem) -> None:
    item, old = new.item, state.get(Item, new.item.sku)
    if item == old:
        return
    if old is None:
        _add(state, command, new)
        return
    state.put(item)
    kind = Kind.ADDED if old.archived else Kind.EDITED
    _note(state, command, kind, item.sku, command.reason)


def _add(state: State, command: UpsertProduct | AddProduct | AddItem, new: NewItem) -> None:
    """Adds a new size with its first stock."""
    item = new.item
    assert item.sku == sku_of(item.product_id, item.size)
    assert not state.levels_of(item.sku)
    state.put(item)
    state.book_movement(
        Kind.ADDED,
        item.sku,
        command.location,
        command,
        on_hand=new.on_hand,
        reason=command.reason,
    )


def _note(state: State, command: CatalogueCommand, kind: Kind, key: str, reason: str) -> None:
    state.book_event(kind, key, command.location, command, reason=reason)


def add_product(state: State, command: AddProduct) -> Answer:
    """Applies an `AddProduct`."""
    product = command.product
    old = state.get(Product, product.product_id)
    if old is not None:
        off = ", but is off sale: put it back on sale instead" if old.archived else ""
        return Refused(
            Code.ALREADY_THERE,
            f"Product {product.product_id} already exists{off}.",
            {"sku": product.product_id},
        )
    refused = _impossible(state, command.items)
    if refused is not None:
        return refused
    state.put(replace(product, updated_at=state.now))
    _note(state, command, Kind.ADDED, product.product_id, command.reason)
    for new in command.items:
        _add(state, command, new)
    return Accepted(ProductChanged(product.product_id, state.revision))


def add_item(state: State, command: AddItem) -> Answer:
    """Applies an `AddItem`."""
    item = command.new.item
    product, old = state.get(Product, item.product_id), state.get(Item, item.sku)
    if product is None or product.archived:
        return Refused(
            Code.UNKNOWN_PRODUCT, "No product with this id is on sale.", {"sku": item.product_id}
        )
    if old is not None:
        off = ", but is off sale: put it back on sale instead" if old.archived else ""
        return Refused(
            Code.ALREADY_THERE, f"Size {item.size} already exists{off}.", {"sku": item.sku}
        )
    refused = _impossible(state, [command.new])
    if refused is not None:
        return refused
    _add(state, command, command.new)
    return Accepted(SizeChanged(item.sku, state.revision))


def edit_fields(state: State, command: EditFields) -> Answer:
    """Applies an `EditFields`."""
    size = "/" in command.key
    row: Any = state.get(Item, command.key) if size else state.get(Product, command.key)
    if row is None:
        code = Code.UNKNOWN_ITEM if size else Code.UNKNOWN_PRODUCT
        return Refused(code, "No such product or size.", [{"sku": command.key}])
    for name, seen in command.was:
        present = getattr(row, name)
        if present != seen:
            return Refused(
                Code.STALE,
                f"{WIRE.get(name, name)} has changed since you saw it.",
                {
                    "sku": command.key,
                    "field": WIRE.get(name, name),
                    "expected": plain(seen),
                    "present": plain(present),
                },
            )
    changed = {
        name: (getattr(row, name), value)
        for name, value in command.fields
        if getattr(row, name) != value
    }
    if changed:
        after = replace(row, **{name: value for name, (_, value) in changed.items()})
        state.put(after if size else replace(after, updated_at=state.now))
        _note(state, command, Kind.EDITED, command.key, in_words(changed, command.reason))
    return Accepted(FieldsEdited(command.key, state.revision))


def remove_item(state: State, command: RemoveItem) -> Answer:
    """Applies a `RemoveItem`."""
    item = state.get(Item, command.sku)
    if item is None or item.archived:
        return Refused(
            Code.UNKNOWN_ITEM, "This product has no such size on sale.", [{"sku": command.sku}]
        )
    refused = refuse_held(state, [command.sku])
    if refused is not None:
        return refused
    _archive(state, command, command.sku)
    return Accepted(SizeChanged(command.sku, state.revision))


def restore_product(state: State, command: RestoreProduct) -> Answer:
    """Applies a `RestoreProduct`."""
    product = state.get(Product, command.product_id)
    if product is None:
        return Refused(Code.UNKNOWN_PRODUCT, "No such product.", {"sku": command.product_id})
    items = {sku: state.get(Item, sku) for sku in command.skus}
    unknown = [{"sku": sku} for sku, item in items.items() if item is None]
    if unknown:
        return Refused(Code.UNKNOWN_ITEM, "No such size.", unknown)
    if product.archived:
        state.put(replace(product, archived=False, updated_at=state.now))
        _note(state, command, Kind.ADDED, command.product_id, command.reason or "back on sale")
    for sku, item in items.items():
        if item is not None and item.archived:
            state.put(replace(item, archived=False))
            _note(state, command, Kind.ADDED, sku, command.reason or "back on sale")
    return Accepted(ProductChanged(command.product_id, state.revision))


def remove_product(state: State, command: RemoveProduct) -> Answer:
    """Applies a `RemoveProduct`."""
    product = state.get(Product, command.product_id)
    if product is None or product.archived:
        return Refused(Code.UNKNOWN_PRODUCT, "No such product.", {"sku": command.product_id})
    refused = refuse_held(state, command.before)
    if refused is not None:
        return refused
    for sku in command.before:
        _archive(state, command, sku)
    state.put(replace(product, archived=True, updated_at=state.now))
    _note(state, command, Kind.REMOVED, command.product_id, command.reason)
    return Accepted(ProductChanged(command.product_id, state.revision))


def _archive(state: State, command: UpsertProduct | RemoveProduct | RemoveItem, sku: str) -> None:
    item = state.get(Item, sku)
    if item is None or item.archived:
        return
    state.put(replace(item, archived=True))
    _note(state, command, Kind.REMOVED, sku, command.reason)
