"""Taking in what the owner has saved: read, checked, compared with older versions, as commands."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fancymonkey.core.command import Command
from fancymonkey.core.outcomes import Answer
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.assumptions import assumptions
from fancymonkey.store.products_file.diff import (
    Products,
    StoreRows,
    commands_of,
    refusals,
    reserved_edits,
)
from fancymonkey.store.products_file.mistakes import Mistakes
from fancymonkey.store.products_file.older_versions import OlderVersions
from fancymonkey.store.products_file.read import Catalogue, read_products
from fancymonkey.store.products_file.saved_versions import Version
from fancymonkey.store.products_file.stale import Since, Stale, stale_in, versions_of

log = logging.getLogger(__name__)

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that can be taken in, what it is an edit of, and the commands that do it."""

    name: str
    catalogue: Catalogue
    stale: Stale
    commands: Sequence[Command]
    reserved: int

    def report(self, answers: Sequence[Answer]) -> list[str]:
        """Logs what became of it; returns what the owner has to know."""
        refused = [
            f"{self.name}: {text}"
            for command, answer in zip(self.commands, answers, strict=True)
            for text in refusals(command, answer)
        ]
        for text in refused:
            log.warning("%s. The file gets back what the store has.", text)
        for text in _shortened(self.stale.notes):
            log.warning("%s: %s", self.name, text)
        doubts = [f"{self.name}: {text}" for text in _shortened(self.stale.doubts)]
        for text in doubts:
            log.warning("%s", text)
        if self.reserved:
            log.warning(
                "%s: %d units were said to be reserved for which there is no hold; `reserved` is "
                "the sum of live holds and is put right",
                self.name,
                self.reserved,
            )
        if self.commands:
            log.info("%s: an edit of %d products was taken in", self.name, len(self.commands))
        return [*refused, *doubts]


async def take(
    content: bytes,
    name: str,
    written: Sequence[Products],
    past: OlderVersions,
    since: Since,
    at: int,
    truth: StoreRows,
    label: str,
) -> Edit:
    """Reads what the owner has saved. Raises DataError where it cannot be meant."""
    catalogue = await asyncio.to_thread(checked, content, name, written, past, truth)
    stale = await stale_in(catalogue.products, written, past, since, at)
    commands = commands_of(catalogue.products, written, truth, label, stale.bases, stale.missing)
    reserved = reserved_edits(catalogue.products, written, stale.bases)
    return Edit(name, catalogue, stale, commands, reserved)


def checked(
    content: bytes, name: str, written: Sequence[Products], past: OlderVersions, truth: StoreRows
) -> Catalogue:
    """What a file says. Raises DataError where it has a mistake; all of them are logged."""
    catalogue = read_products(content, name)
    before = versions_of(catalogue.products, written, past)
    found = Mistakes(catalogue, before, truth.keys()).found()
    if found:
        for text in found[1:SHOWN]:
            log.error("%s, %s", name, text)
        more = f" ({len(found) - 1} more in the log)" if len(found) > 1 else ""
        raise DataError(f"{name}, {found[0]}{more}")
    return catalogue


def described(version: Version) -> Products:
    """The products of a version that the file had."""
    return read_products(version.content, "our last version", lenient=True).products


def report_assumptions(name: str, catalogue: Catalogue) -> None:
    """Logs what the first file leaves open, and what is taken for it."""
    assumed = assumptions(catalogue)
    for text in assumed[:SHOWN]:
        log.warning("%s, %s", name, text)
    if len(assumed) > SHOWN:
        more = len(assumed) - SHOWN
        log.warning("%s: %d more; `fancymonkey check` tells all of them", name, more)


def _shortened(texts: list[str]) -> list[str]:
    if len(texts) <= SHOWN:
        return texts
    return [*texts[:SHOWN], f"and {len(texts) - SHOWN} more of this kind"]
