"""The history of products.json: commits changes with a message, and rolls back by an edit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fancymonkey.backup.git_repository import PRODUCTS, Repository, one_line
from fancymonkey.core.model import Entry, Kind
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import BackupError
from fancymonkey.store.products_file.fields.size_locations import LocationUnits, put_units
from fancymonkey.store.products_file.lossless_json import NULL, Branch, Leaf, text_of
from fancymonkey.store.products_file.read import (
    DEFAULT_THRESHOLD,
    Described,
    Fields,
    Size,
    read_products,
)
from fancymonkey.store.shared.files import Disk, write_safely
from fancymonkey.text import counted

LINES = 100
PAGE = 5000
PRODUCT_DEFAULTS = {"category": NULL, "price": NULL, "restockDate": NULL}
SIZE_DEFAULTS = {
    "skuId": NULL,
    "priceId": NULL,
    "soldOut": "false",
    "stock": "0",
    "lowStockThreshold": str(DEFAULT_THRESHOLD),
}
ENTRIES_MAX = 200_000
_WORDS = {
    Kind.SOLD: "sold",
    Kind.RECEIVED: "received",
    Kind.RETURNED: "returned",
    Kind.ADJUSTED: "adjusted",
    Kind.COUNTED: "counted",
}


@dataclass(slots=True)
class _SizeChange:
    """The change of a size by one actor, summed over its entries."""

    units: int = 0
    before: int | None = None
    after: int = 0


def message_of(entries: Iterable[Entry], revision: int) -> str:
    """The commit message of a version: the changes and their actors."""
    changes: dict[tuple[str, str, str], _SizeChange] = {}
    totals: dict[str, int] = {}
    skus: set[str] = set()
    for entry in entries:
        word = _WORDS.get(entry.kind, str(entry.kind))
        if entry.kind not in _WORDS and entry.kind not in (Kind.ADDED, Kind.EDITED, Kind.REMOVED):
            continue
        skus.add(entry.sku)
        totals[word] = totals.get(word, 0) + (abs(entry.on_hand) or 1)
        change = changes.setdefault((entry.sku, word, entry.actor), _SizeChange())
        change.units += entry.on_hand
        if change.before is None:
            change.before = entry.on_hand_after - entry.on_hand
        change.after = entry.on_hand_after
    parts = ", ".join(f"{number} {word}" for word, number in totals.items())
    subject = f"{counted(len(skus), 'size')}: {parts}" if skus else "The layout of the file changed"
    lines = [_line(*key, change) for key, change in changes.items()]
    if len(lines) > LINES:
        lines[LINES:] = [f"… and {len(lines) - LINES} more"]
    return (
        "\n".join([subject, "", *lines, *([""] if lines else []), f"Revision: {revision}"]) + "\n"
    )


def _line(sku: str, word: str, actor: str, change: _SizeChange) -> str:
    moved = f" {change.units:+d} ({change.before} → {change.after})" if change.units else ""
    return one_line(f"- {sku} {word}{moved}{f' by {actor}' if actor else ''}")


async def keep_version(engine: Engine, folder: Path) -> str | None:
    """Commits products.json where it has changed; returns the subject. Raises BackupError."""
    repository = Repository(folder)
    if not (folder / PRODUCTS).exists():
        return None
    await repository.prepare()
    if not await repository.changed():
        return None
    revision = engine.view.revision
    position = await repository.last_revision()
    entries: list[Entry] = []
    while position < revision and len(entries) < ENTRIES_MAX:
        page = await engine.store.entries_after(position, PAGE)
        if not page:
            break
        entries += page
        position = page[-1].revision
    message = message_of(entries, max(position, revision))
    await repository.commit(message)
    return message.partition("\n")[0]


async def roll_back(folder: Path, version: str, *, stock: bool) -> None:
    """Writes products.json of a version as an edit by hand, which the store then applies.

    The present stock stays, unless `stock`. Raises BackupError.
    """
    old = await Repository(folder).content(version)
    path = folder / PRODUCTS
    write_safely(Disk(), path, [as_edit(old, path.read_bytes(), stock=stock)], like=path)


def as_edit(old: bytes, now: bytes, *, stock: bool = False) -> bytes:
    """An older file as an edit of the present one, with the present stock unless `stock`.

    `lastUpdated` is taken from the present file: otherwise the file would count as opened before
    the later changes, and would not undo them. Raises DataError.
    """
    catalogue = read_products(old, "the old version", lenient=True)
    present = read_products(now, PRODUCTS, lenient=True).products
    for slot, id_ in zip(catalogue.list.slots, catalogue.products, strict=True):
        if id_ in present and isinstance(slot.node, Branch):
            _make_edit(slot.node, catalogue.products[id_], present[id_], stock=stock)
    root = catalogue.root
    return f"{root.lead}{text_of(root.node)}{root.trail}".encode()


def _make_edit(node: Branch, old: Described, present: Described, *, stock: bool) -> None:
    """Turns an older product into an edit of the present one."""
    node.slots = [slot for slot in node.slots if slot.name != "lastUpdated"]
    if present.stamp:
        node.put("lastUpdated", Leaf(present.stamp))
    _fill(node, present.fields, PRODUCT_DEFAULTS)
    sizes = node.get("sizes")
    by_name = {size.item.size: size for size in present.sizes}
    for slot, former in zip(
        sizes.slots if isinstance(sizes, Branch) else (), old.sizes, strict=True
    ):
        size = by_name.get(slot.name)
        if size is None or not isinstance(slot.node, Branch):
            continue
        _fill(slot.node, size.fields, SIZE_DEFAULTS)
        if not stock:
            slot.node.put("stock", Leaf(str(size.stock)))
            put_units(slot.node, size.locations)
        elif size.locations or former.locations:
            put_units(slot.node, _stock_of(former, size))


def _stock_of(former: Size, present: Size) -> dict[str, LocationUnits]:
    """The older stock at each location of both versions."""
    reserved = {id_: units.reserved for id_, units in present.locations.items()}
    return {
        id_: LocationUnits(former.stock_at(id_), reserved.get(id_, 0))
        for id_ in dict.fromkeys((*present.locations, *former.locations))
    }


def _fill(node: Branch, present: Fields, defaults: Mapping[str, str]) -> None:
    """Adds the defaults for fields that only the present file has, so that they are reset."""
    for name, text in defaults.items():
        if present.get(name) and node.get(name) is None:
            node.put(name, Leaf(text))


def require_folder(target: str) -> Path:
    """The folder of a JSON store. Raises BackupError for any other store."""
    if "://" in target:
        raise BackupError(
            "Only a store of JSON files has a history in git; use backups for a database."
        )
    return Path(target)


async def save_version(engine: Engine, target: str, remote: str | None) -> str | None:
    """Commits the present version if it has changed, and pushes to the remote, if any.

    Returns the subject of the commit, or None if nothing changed. Raises BackupError.
    """
    folder = require_folder(target)
    subject = await keep_version(engine, folder)
    repository = Repository(folder)
    if remote is not None and repository.exists and await repository.unsent():
        await repository.push(remote)
    return subject
