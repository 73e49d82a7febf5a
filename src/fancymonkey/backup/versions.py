"""Versions of products.json: kept when they change, told in words, and taken back as an edit."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fancymonkey.backup.git import PRODUCTS, Repository, one_line
from fancymonkey.core.model import Entry, Kind
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.words import counted
from fancymonkey.errors import BackupError
from fancymonkey.store.files import Disk, write_safely
from fancymonkey.store.json_text import Branch, Leaf, text_of
from fancymonkey.store.products_file import Described, read_products

LINES = 100
PAGE = 5000
ENTRIES_MAX = 200_000
_WORDS = {
    Kind.SOLD: "sold",
    Kind.RECEIVED: "received",
    Kind.RETURNED: "returned",
    Kind.ADJUSTED: "adjusted",
    Kind.COUNTED: "counted",
}


@dataclass(slots=True)
class _Change:
    """What somebody did to a size, in all entries of a time."""

    units: int = 0
    before: int | None = None
    after: int = 0


def message_of(entries: Iterable[Entry], revision: int) -> str:
    """What was changed and by whom, as the message of a version."""
    changes: dict[tuple[str, str, str], _Change] = {}
    totals: dict[str, int] = {}
    skus: set[str] = set()
    for entry in entries:
        word = _WORDS.get(entry.kind, str(entry.kind))
        if entry.kind not in _WORDS and entry.kind not in (Kind.ADDED, Kind.EDITED, Kind.REMOVED):
            continue
        skus.add(entry.sku)
        totals[word] = totals.get(word, 0) + (abs(entry.on_hand) or 1)
        change = changes.setdefault((entry.sku, word, entry.actor), _Change())
        change.units += entry.on_hand
        if change.before is None:
            change.before = entry.on_hand_after - entry.on_hand
        change.after = entry.on_hand_after
    parts = ", ".join(f"{number} {word}" for word, number in totals.items())
    subject = f"{counted(len(skus), 'size')}: {parts}" if skus else "The file was laid out anew"
    lines = [_line(*key, change) for key, change in changes.items()]
    if len(lines) > LINES:
        lines[LINES:] = [f"… and {len(lines) - LINES} more"]
    return (
        "\n".join([subject, "", *lines, *([""] if lines else []), f"Revision: {revision}"]) + "\n"
    )


def _line(sku: str, word: str, actor: str, change: _Change) -> str:
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
    """Writes products.json as it was in a version: an edit by hand, for the store to take in.

    Stock stays what it is now, unless `stock`. Raises BackupError.
    """
    old = await Repository(folder).content(version)
    path = folder / PRODUCTS
    if not stock:
        old = with_stock_of(old, path.read_bytes())
    else:
        read_products(old, f"{PRODUCTS} of {version}")
    write_safely(Disk(), path, [old], like=path)


def with_stock_of(old: bytes, now: bytes) -> bytes:
    """An older file with the stock of the present one. Raises DataError."""
    catalogue = read_products(old, "the old version")
    present = read_products(now, PRODUCTS).products
    for slot, id_ in zip(catalogue.list.slots, catalogue.products, strict=True):
        sizes = slot.node.get("sizes") if isinstance(slot.node, Branch) else None
        if isinstance(sizes, Branch):
            for size in sizes.slots:
                stock = _stock(present.get(id_), size.name)
                if stock is not None and isinstance(size.node, Branch):
                    size.node.put("stock", Leaf(str(stock)))
    root = catalogue.root
    return f"{root.lead}{text_of(root.node)}{root.trail}".encode()


def _stock(product: Described | None, size: str) -> int | None:
    found = () if product is None else product.sizes
    return next((one.stock for one in found if one.item.size == size), None)


def require_folder(target: str) -> Path:
    """The folder of a JSON store. Raises BackupError for any other store."""
    if "://" in target:
        raise BackupError(
            "Only a store of JSON files has a history in git: a database is saved by backups."
        )
    return Path(target)


async def save_version(engine: Engine, target: str, remote: str | None) -> str | None:
    """Keeps the present version where it is a new one, and sends all to the remote, if any.

    Returns what was changed, None where nothing was. Raises BackupError.
    """
    folder = require_folder(target)
    subject = await keep_version(engine, folder)
    repository = Repository(folder)
    if remote is not None and repository.exists and await repository.unsent():
        await repository.push(remote)
    return subject
