"""Turns edits of bundles in products.json into commands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.bundles.definition import definition_of
from fancymonkey.core.command import Command
from fancymonkey.core.keys import skeleton
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Item
from fancymonkey.core.outcomes import Code, Refused
from fancymonkey.store.products_file.read import Described

CLOSE = 0.7
"""The least share of equal letters of a part and the one that is probably meant."""
ACTOR = "file"
CAUSE = "products.json"


def bundle_edits(
    file: Described, versions: Sequence[Described], items: Mapping[str, Item]
) -> list[Command]:
    """A command for each size whose bundle the owner has edited.

    `versions` are the versions of the product that the file may be an edit of, `items` all sizes
    of the store.
    """
    commands: list[Command] = []
    for size in file.sizes:
        sku = size.item.sku
        old, wanted = items.get(sku), definition_of(size.item)
        bundles = [
            definition_of(known.item)
            for version in versions
            for known in version.sizes
            if known.item.sku == sku
        ]
        if wanted in bundles or (old is not None and old.archived and bundles):
            continue
        if wanted == (None if old is None else definition_of(old)):
            continue
        commands.append(
            SetBundle(
                sku=sku,
                location=DEFAULT_LOCATION,
                definition=wanted,
                actor=ACTOR,
                cause=CAUSE,
            )
        )
    return commands


def with_bundle_of(item: Item, old: Item | None) -> Item:
    """A size of the file with the bundle that the store has: a command of its own changes it."""
    if old is None:
        return replace(item, bundle=None, components=(), groups=())
    return replace(item, bundle=old.bundle, components=old.components, groups=old.groups)


def unknown_parts(command: Command, refused: Refused, file: Mapping[str, Described]) -> str:
    """The unknown parts of a refused bundle, each with the likely size of the file."""
    if not isinstance(command, SetBundle) or refused.code is not Code.UNKNOWN_ITEM:
        return ""
    skus = {skeleton(size.item.sku): size.item.sku for row in file.values() for size in row.sizes}
    texts = []
    for row in refused.detail:
        close = get_close_matches(skeleton(row["sku"]), skus, 1, CLOSE)
        near = f" (probably {skus[close[0]]} is meant)" if close else ""
        texts.append(f"{row['sku']}{near}")
    return f" {', '.join(texts)}"
