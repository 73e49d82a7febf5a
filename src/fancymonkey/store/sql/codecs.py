"""The stored form of a row's field in a column, derived from the type of the field.

A column holds a whole number, a text or a boolean. Prices and dates are texts (`12.50`,
`2026-11-30`), an enum is its value, and a dataclass or a tuple is compact JSON: the fields of a
dataclass as an array, in their order.
"""

import types
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import starmap
from operator import attrgetter
from types import GenericAlias
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

Encode = Callable[[Any], Any]
_json = msgspec.json.Encoder().encode

SHARED_MAX = 100
"""Tuples whose texts are kept: the holds of a bundle share the tuple of its parts."""


@dataclass(frozen=True, slots=True)
class Codec:
    """The type that a column stores, and the way there and back (None: the value as it is)."""

    type: type[int] | type[str] | type[bool]
    encode: Encode | None = None
    decode: Encode | None = None


def without_none(hint: Any) -> tuple[Any, bool]:
    """The type without `None`, and whether it allowed None. Raises TypeError for other unions."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    others = [arg for arg in get_args(hint) if arg is not type(None)]
    if len(others) != 1:
        raise TypeError(f"a column has one type, not {hint}")
    return others[0], True


def codec(hint: Any) -> Codec:
    """The codec of a field of this type. Raises TypeError for a type that no column can hold."""
    scalar = _scalar(hint)
    if scalar is not None:
        return scalar
    if isinstance(hint, type) and is_dataclass(hint):
        return _one(hint)
    if get_origin(hint) is tuple and len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis:
        part = get_args(hint)[0]
        if isinstance(part, type) and is_dataclass(part):
            return _several(part)
        if _scalar(part) is not None:
            decode = msgspec.json.Decoder(hint).decode
            return Codec(str, lambda values: _json(values).decode(), decode)
    raise TypeError(f"no column can hold {hint}")


def _scalar(hint: Any) -> Codec | None:
    if hint is bool:
        return Codec(bool, None, bool)  # SQLite returns a boolean as 0 or 1
    if hint in (int, str):
        return Codec(hint)
    if hint is Decimal:
        return Codec(str, str, Decimal)
    if hint is date:
        return Codec(str, date.isoformat, date.fromisoformat)
    if isinstance(hint, type) and issubclass(hint, Enum):
        for stored in (str, int):
            if all(isinstance(member.value, stored) for member in hint):
                is_text = issubclass(hint, str)  # then a member is its text for every driver
                return Codec(stored, None if is_text else attrgetter("value"), hint)
    return None


def read_fields(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A function that returns these attributes of an object as a tuple."""
    if len(names) == 1:
        read = attrgetter(names[0])
        return lambda row: (read(row),)
    return attrgetter(*names)


def _array(kind: type[Any]) -> tuple[Callable[[Any], tuple[Any, ...]], GenericAlias]:
    """The conversion of a flat dataclass to an array, and the type of that array."""
    hints = get_type_hints(kind)
    names = [part.name for part in fields(kind)]
    for name in names:
        hint, _ = without_none(hints[name])
        if _scalar(hint) is None:
            raise TypeError(f"{kind.__name__}.{name} is not a plain value but {hint}")
    return read_fields(names), GenericAlias(tuple, tuple(hints[name] for name in names))


def _one(kind: type[Any]) -> Codec:
    read, array = _array(kind)
    decode = msgspec.json.Decoder(array).decode
    return Codec(str, lambda value: _json(read(value)).decode(), lambda text: kind(*decode(text)))


def _several(kind: type[Any]) -> Codec:
    read, array = _array(kind)
    decode = msgspec.json.Decoder(GenericAlias(list, (array,))).decode
    known_texts: dict[int, tuple[tuple[Any, ...], str]] = {}

    def encode(values: tuple[Any, ...]) -> str:
        if len(values) < 2:
            return _json([read(value) for value in values]).decode()
        known = known_texts.get(id(values))
        if known is None or known[0] is not values:
            if len(known_texts) >= SHARED_MAX:
                known_texts.clear()
            text = _json([read(value) for value in values]).decode()
            known = known_texts[id(values)] = (values, text)
        return known[1]

    return Codec(str, encode, lambda text: tuple(starmap(kind, decode(text))))
