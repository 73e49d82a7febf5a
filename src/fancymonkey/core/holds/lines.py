"""The lines of a hold by SKU, and whether they have to be stored."""

from dataclasses import replace

from fancymonkey.core.model import Allocation, Line, lines_of

Lines = dict[str, Line]
"""Lines by SKU."""
Units = dict[tuple[str, str], Allocation]
"""Allocations by SKU and location."""


def by_sku(lines: tuple[Line, ...]) -> Lines:
    """The lines by SKU; several of the same SKU become one."""
    if len(lines) == 1:  # the usual case
        return {lines[0].sku: lines[0]}
    merged: Lines = {}
    for line in lines:
        before = merged.get(line.sku)
        merged[line.sku] = (
            line if before is None else replace(line, quantity=before.quantity + line.quantity)
        )
    return merged


def sold_lines(held: Lines, allocations: tuple[Allocation, ...]) -> tuple[Line, ...] | None:
    """The lines to store beside the allocations, or None if they follow from them."""
    if len(held) == 1 and len(allocations) == 1:  # the usual case
        ((line,), (units,)) = held.values(), allocations
        if line.sku == units.sku and line.quantity == units.quantity and line.price is None:
            return None
    lines = tuple(held.values())
    if len(lines) == 1 and allocations[:1] and allocations[0].sku != lines[0].sku:  # a bundle
        return lines
    if held.keys() != {units.sku for units in allocations}:  # as those of every bundle
        return lines
    return None if lines == lines_of(allocations) else lines
