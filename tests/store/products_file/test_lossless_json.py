"""The lossless JSON tree: no text is lost, and a merge changes only the edited parts."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.errors import DataError
from fancymonkey.store.products_file.lossless_json import (
    Branch,
    Style,
    compact,
    lay_out,
    merge,
    parse,
    quote,
    style_of,
    text_of,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def messy(value: Any, chance: random.Random) -> str:
    """A value as JSON with white space wherever there may be some."""

    def space() -> str:
        return chance.choice(["", "", " ", "\n", "\t ", "\r\n"])

    if isinstance(value, dict):
        inner = ",".join(
            f"{space()}{json.dumps(key, ensure_ascii=chance.random() < 0.5)}{space()}:{space()}"
            f"{messy(part, chance)}{space()}"
            for key, part in value.items()
        )
        return "{" + (inner or space()) + "}"
    if isinstance(value, list):
        inner = ",".join(f"{space()}{messy(part, chance)}{space()}" for part in value)
        return "[" + (inner or space()) + "]"
    return json.dumps(value, ensure_ascii=chance.random() < 0.5)


@given(VALUES, st.randoms(use_true_random=False))
def test_a_text_is_read_byte_for_byte(value: Any, chance: random.Random) -> None:
    text = messy(value, chance)
    root = parse(f" {text}\n", "test")
    assert root.lead + text_of(root.node) + root.trail == f" {text}\n"
    assert json.loads(text_of(compact(root.node))) == value
    assert json.loads(text_of(lay_out(root.node, Style(), 0))) == value


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_a_merge_reports_its_changes(old: Any, new: Any, chance: random.Random) -> None:
    before = parse(messy(old, chance), "test").node
    wanted = parse(json.dumps(new), "test").node
    text = text_of(merge(before, wanted, Style(), 0))
    assert json.loads(text) == new
    assert list(map(repr, pairs(json.loads(text)))) == list(map(repr, pairs(new)))


def pairs(value: Any) -> list[Any]:
    """Keys in their order, at every level."""
    if isinstance(value, dict):
        return [*value, *(pairs(part) for part in value.values())]
    return [pairs(part) for part in value] if isinstance(value, list) else []


@given(VALUES, st.randoms(use_true_random=False))
def test_a_merge_with_the_same_changes_nothing(value: Any, chance: random.Random) -> None:
    text = messy(value, chance)
    same = compact(parse(text, "test").node)
    assert text_of(merge(parse(text, "test").node, same, Style(), 0)) == text


@given(st.text(max_size=30) | VALUES.map(json.dumps).map(lambda text: text[:-1]))
def test_invalid_json_is_refused_with_its_place(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(DataError, match=r"^test, line \d+, column \d+: "):
            parse(text, "test")


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ('{"a": 1, "b": 2}', ("c", "3"), '{"a": 1, "b": 2, "c": 3}'),
        ('{"a":1}', ("c", "3"), '{"a":1,"c":3}'),
        ('{"a":1,"b":2}', ("c", "3"), '{"a":1,"b":2,"c":3}'),
        ("{\n\t'a': 1\n}", ("c", "3"), "{\n\t'a': 1,\n\t'c': 3\n}"),
        ("{\n  'a': 1 ,\n  'b': 2\n}", ("a", "5"), "{\n  'a': 5 ,\n  'b': 2\n}"),
    ],
)
def test_new_keys_look_like_their_neighbours(
    text: str, change: tuple[str, str], expected: str
) -> None:
    text, expected = text.replace("'", '"'), expected.replace("'", '"')
    wanted = compact(parse(text, "test").node)
    assert isinstance(wanted, Branch)
    wanted.put(change[0], parse(change[1], "test").node)
    assert text_of(merge(parse(text, "test").node, wanted, style_of(text, 0), 0)) == expected


def test_strings_are_escaped_in_the_given_style() -> None:
    assert quote("ä") == '"ä"'
    assert quote("ä", ascii_only=True) == '"\\u00e4"'
