"""Splits a valid products.json into its products fast, without building a tree of each."""

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from fancymonkey.store.products_file.lossless_json import Style, style_of
from fancymonkey.store.products_file.read import ID_FIELDS

# Numbers are read as text: only their end matters here, and a text may have any length.
_scan = json.JSONDecoder(parse_int=str, parse_float=str).scan_once  # type: ignore[attr-defined]
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(slots=True)
class ProductSlices:
    """The products of a text by id, the white space around each, and the place of the list."""

    style: Style
    depth: int
    begin: int
    end: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    places: list[tuple[str, str]] = field(default_factory=list)


def slice_products(text: str) -> ProductSlices:
    """The products of a text that `read_products` accepts."""
    start = _space(text, 1 if text.startswith("\ufeff") else 0)
    first = start if text[start] == "[" else _find_list(text, start)
    slices = ProductSlices(style_of(text, start), 1 if first == start else 2, first + 1)
    lead, at = first + 1, _space(text, first + 1)
    while text[at] != "]":
        value, end = _scan(text, at)
        after = _space(text, end)
        slices.texts[_id(value)] = text[at:end]
        slices.places.append((text[lead:at], text[end:after]))
        if text[after] == "]":
            at = after
            break
        lead, at = after + 1, _space(text, after + 1)
    slices.end = at
    return slices


def _find_list(text: str, start: int) -> int:
    """The offset of the list `products` in an object."""
    at = _space(text, start + 1)
    while True:
        name, end = scanstring(text, at + 1, True)
        at = _space(text, _space(text, end) + 1)
        if name == "products":
            return at
        _, end = _scan(text, at)
        at = _space(text, _space(text, end) + 1)


def _id(value: dict[str, Any]) -> str:
    return str(next(value[name] for name in ID_FIELDS if name in value))


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()
