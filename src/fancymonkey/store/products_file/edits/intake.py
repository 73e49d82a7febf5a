"""Reads an edit of the owner, checks it, compares it with older versions, and makes commands."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fancymonkey.core.command import Command
from fancymonkey.core.outcomes import Answer
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.edits.assumptions import assumptions
from fancymonkey.store.products_file.edits.diff import (
    Products,
    bases_of,
    commands_of,
    refusals,
    reserved_edits,
)
from fancymonkey.store.products_file.edits.mistakes import Mistakes
from fancymonkey.store.products_file.edits.older_versions import OlderVersions
from fancymonkey.store.products_file.edits.stale import EditedVersions, Since, stale_in, versions_of
from fancymonkey.store.products_file.edits.stock_edits import stock_mistakes
from fancymonkey.store.products_file.edits.store_rows import StoreRows
from fancymonkey.store.products_file.edits.unused_fields import unused_fields
from fancymonkey.store.products_file.lossless_json import where
from fancymonkey.store.products_file.read import Catalogue, Described, read_products
from fancymonkey.store.products_file.saved_versions import SavedVersion
from fancymonkey.text import counted

log = logging.getLogger(__name__)

SHOWN = 20


@dataclass(frozen=True, slots=True)
class FileEdit:
    """An edit that can be applied: its content, the versions it is based on, and its commands."""

    name: str
    catalogue: Catalogue
    stale: EditedVersions
    commands: Sequence[Command]
    reserved: int

    def report(self, answers: Sequence[Answer]) -> list[str]:
        """Logs the result of the edit; returns the texts for the owner."""
        refused = [
            f"{self.name}: {text}"
            for command, answer in zip(self.commands, answers, strict=True)
            for text in refusals(command, answer, self.catalogue.products)
        ]
        for text in refused:
            log.warning("%s. The file is reset to the value of the store.", text.rstrip("."))
        for text in _shortened(self.stale.notes):
            log.warning("%s: %s", self.name, text)
        doubts = [f"{self.name}: {text}" for text in _shortened(self.stale.doubts)]
        for text in doubts:
            log.warning("%s", text)
        if self.reserved:
            log.warning(
                "%s: `reserved` has %s without a hold; it is corrected to the sum of live holds",
                self.name,
                counted(self.reserved, "unit"),
            )
        if self.commands:
            edited = counted(len(self.commands), "change")
            log.info("%s: an edit was applied: %s", self.name, edited)
        return [*refused, *doubts]


async def take(
    content: bytes,
    name: str,
    written: Sequence[Products],
    past: OlderVersions,
    since: Since,
    at: int,
    rows: StoreRows,
    label: str,
) -> FileEdit:
    """Reads an edit of the owner. Raises DataError if it has a mistake."""
    catalogue = await asyncio.to_thread(checked, content, name, written, past, rows)
    stale = await stale_in(catalogue.products, written, past, since, at)
    bases = bases_of(catalogue.products, written or [rows.described()], stale.bases)
    _refuse(name, stock_mistakes(catalogue, bases.__getitem__, rows.on_hand))
    commands = commands_of(catalogue.products, written, rows, label, stale.bases, stale.missing)
    reserved = reserved_edits(catalogue.products, written, stale.bases)
    for text in _shortened(unused_fields(catalogue.products, written) if written else []):
        log.warning("%s: %s", name, text)
    return FileEdit(name, catalogue, stale, commands, reserved)


def checked(
    content: bytes,
    name: str,
    written: Sequence[Products],
    past: OlderVersions,
    rows: StoreRows,
    *,
    with_stock: bool = False,
) -> Catalogue:
    """The content of a file. Raises DataError if it has mistakes, and logs all of them.

    `with_stock` also compares totals with locations, against any version that the file may be of.
    """
    catalogue = read_products(content, name)
    live = sum(not product.archived for product in rows.products.values())
    if not catalogue.products and live > 1:
        place = where(catalogue.text, catalogue.list.at)
        problem = f"it has no products, and the shop has {live}; take them off sale on its pages"
        raise DataError(f"{name}, {place}: {problem}")
    before = versions_of(catalogue.products, written, past)
    locations = None if rows.is_new else rows.locations
    skus = {item.sku for id_ in rows.products for item in rows.live_items(id_)}
    mistakes = Mistakes(catalogue, before, rows.keys(), locations, skus)
    _refuse(name, mistakes.texts())
    if with_stock:
        _check_stock(catalogue, name, written, past, rows)
    return catalogue


def _check_stock(
    catalogue: Catalogue,
    name: str,
    written: Sequence[Products],
    past: OlderVersions,
    rows: StoreRows,
) -> None:
    """Compares totals with locations. Raises DataError if no version of the file explains them."""
    known = written or [rows.described()]

    def versions(product_id: str) -> list[Described]:
        stamp = catalogue.products[product_id].stamp
        older = [version for _, version in past.versions(product_id, stamp).versions]
        return [*older, *(version[product_id] for version in known if product_id in version)]

    _refuse(name, stock_mistakes(catalogue, versions, rows.on_hand))


def _refuse(name: str, mistakes: Sequence[str]) -> None:
    """Raises DataError if there are mistakes, and logs all of them."""
    if not mistakes:
        return
    for text in mistakes[1:SHOWN]:
        log.error("%s, %s", name, text)
    more = f" ({len(mistakes) - 1} more in the log)" if len(mistakes) > 1 else ""
    raise DataError(f"{name}, {mistakes[0]}{more}")


def described(version: SavedVersion) -> Products:
    """The products of an earlier version of the file."""
    return read_products(version.content, "our last version", lenient=True).products


def report_assumptions(name: str, catalogue: Catalogue) -> None:
    """Logs the fields that the first file leaves open, and their assumed values."""
    assumed = assumptions(catalogue)
    for text in assumed[:SHOWN]:
        log.warning("%s, %s", name, text)
    if len(assumed) > SHOWN:
        more = len(assumed) - SHOWN
        log.warning("%s: %d more; `fancymonkey check` lists all of them", name, more)


def _shortened(texts: list[str]) -> list[str]:
    if len(texts) <= SHOWN:
        return texts
    return [*texts[:SHOWN], f"and {len(texts) - SHOWN} more of this kind"]
