"""Compares an object with its class in Stripe's own library."""

import builtins
import types
import typing
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe import StripeObject


class Names(dict[str, Any]):
    """The names in annotations; the library imports some of them for type checkers only."""

    def __missing__(self, name: str) -> Any:
        for place in (typing, stripe, stripe.checkout, builtins):
            # If two classes would have the same name, the library calls one of them a resource.
            annotation = getattr(place, name, None) or getattr(
                place, name.removesuffix("Resource"), None
            )
            if annotation is not None:
                return annotation
        raise KeyError(name)


def misfits(thing: dict[str, Any], kind: type[StripeObject], path: str = "") -> list[str]:
    """The parts of an object that differ from its class, by path."""
    hints: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        hints |= vars(base).get("__annotations__", {})
    fields = []
    for name, value in thing.items():
        here = f"{path}.{name}"
        if name not in hints:
            fields.append(f"{here}: {kind.__name__} has no such field")
        elif not fits(value, hints[name], kind):
            fields.append(f"{here}: {value!r} is no {hints[name]}")
        else:
            fields += _inside(value, hints[name], kind, here)
    return fields


def _inside(value: Any, hint: Any, kind: type, path: str) -> list[str]:
    """The differences of the objects within a value."""
    named = _named(hint, kind)
    if get_origin(named) in (Union, types.UnionType):
        fitting = [
            _inside(value, option, kind, path)
            for option in get_args(named)
            if fits(value, option, kind)
        ]
        return min(fitting, key=len, default=[])
    if isinstance(value, dict) and _is_object(named):
        return misfits(value, named, path)
    if isinstance(value, list) and get_origin(named) is list:
        (inner,) = get_args(named)
        rows = [_inside(row, inner, kind, f"{path}[{n}]") for n, row in enumerate(value)]
        return [text for row in rows for text in row]
    return []


def _is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StripeObject)


def _named(hint: Any, kind: type) -> Any:
    """The hint itself, if only its name is given."""
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return eval(hint, {}, Names(vars(kind)))
    return hint


def fits(value: Any, hint: Any, kind: type) -> bool:
    """Whether the outer type of a value matches an annotation of a class."""
    hint = _named(hint, kind)
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        if any(get_origin(argument) is Literal for argument in args):
            args = tuple(
                argument for argument in args if argument is not str
            )  # Stripe may add values, the fake must not
        return any(fits(value, argument, kind) for argument in args)
    if origin is Literal:
        return value in args
    if origin is list:
        return isinstance(value, list) and all(fits(row, args[0], kind) for row in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(row, args[1], kind) for row in value.values())
    if hint in (None, type(None)):
        return value is None
    if hint is int:
        return type(value) is int
    if hint in (float, Decimal):
        return type(value) in (int, float, str)
    if _is_object(hint):
        return isinstance(value, dict)
    if isinstance(origin, type) and issubclass(origin, StripeObject):
        if not isinstance(value, dict):
            return False
        rows = value.get("data", []) if origin is stripe.ListObject else value.values()
        return all(fits(row, args[0], kind) for row in rows)
    return type(value) is hint
