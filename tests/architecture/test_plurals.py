"""A text with a number has the right plural: "1 unit", "2 units"."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

NOUNS = (
    *("units", "days", "rows", "holds", "sizes", "seconds", "minutes", "hours", "lines", "orders"),
    *("entries", "locations", "buyers", "products", "events", "requests", "parcels", "cells"),
    *("keys", "codes", "bundles", "servers", "transfers", "commands", "files"),
)
_AFTER = re.compile(rf"^ (?:{'|'.join(NOUNS)})\b")
_FORMAT = re.compile(rf"%d (?:{'|'.join(NOUNS)})\b")

SEVERAL = frozenset(f"src/fancymonkey/core/locations/{name}.py" for name in ("reasons", "route"))
"""Files with one text whose number is always above 1."""


def fixed_plurals(module: Module) -> Iterator[str]:
    """Yield each text in which a number has a noun in the plural without a look at the number.

    A constant in capitals is known to be above 1. A number with a format, such as `{limit:g}`, is a
    measurement.
    """
    chosen = {id(part) for node in module.nodes for part in _by_number(node)}
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _FORMAT.search(node.value):
                yield f"{module.path}:{node.lineno}: {node.value[:60]}"
        if not isinstance(node, ast.JoinedStr) or id(node) in chosen:
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if (
                isinstance(value, ast.FormattedValue)
                and value.format_spec is None
                and isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and _AFTER.match(text.value)
                and not ast.unparse(value.value).rpartition(".")[2].isupper()
            ):
                yield f"{module.path}:{node.lineno}: {ast.unparse(value)}{text.value[:40]}"


def _by_number(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the two texts of a choice such as `"1 unit" if count == 1 else f"{count} units"`."""
    match node:
        case ast.IfExp(test=ast.Compare(ops=[ast.Eq()], comparators=[ast.Constant(1)])):
            yield from (node.body, node.orelse)


def test_every_number_has_the_right_plural() -> None:
    complaints: dict[str, list[str]] = {}
    for module in modules():
        for text in fixed_plurals(module):
            complaints.setdefault(module.path, []).append(text)
    assert complaints.keys() == SEVERAL, complaints
    assert all(len(texts) == 1 for texts in complaints.values()), complaints


@pytest.mark.parametrize(
    "source", ['f"{count} units"', 'f"at {row.days} days"', 'log.info("%d rows were read", n)']
)
def test_a_fixed_plural_is_found(source: str) -> None:
    assert len(list(fixed_plurals(Module("sample", source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "f\"{counted(count, 'unit')}\"",
        '"1 unit" if count == 1 else f"{count} units"',
        'f"at most {UNITS_MAX} units"',
        'f"after {limit:g} seconds"',
        'f"{count} unitsize"',
    ],
)
def test_other_texts_have_no_fixed_plural(source: str) -> None:
    assert not list(fixed_plurals(Module("sample", source)))
