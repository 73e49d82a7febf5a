"""An error of the syntax in products.json names its likely cause."""

import pytest

from fancymonkey.errors import DataError
from fancymonkey.store.products_file.read import read_products

TEE = '[\n  {"id": "tee", "price": 20, "sizes": {"M": {"stock": 20, "soldOut": false}}}\n]\n'

CASES: dict[str, tuple[str, str, str]] = {
    "marks of a conflict": (
        '{"id"',
        '<<<<<<< HEAD\n{"id"',
        "line 2, column 3: .*a mark of a merge conflict",
    ),
    "the middle mark of a conflict": ("}}}\n", "}}}\n=======\n", "line 3, column 1: .*conflict"),
    "the end mark of a conflict": ("]\n", "]\n>>>>>>> branch\n", "line 4, column 1: .*conflict"),
    "a comment": ('"price": 20', '// sale\n "price": 20', "line 2, column 17: .*has no comments"),
    "a comment of a block": ('"price"', '/* sale */ "price"', "has no comments"),
    "a comment of a script": ("[\n", "# mine\n[\n", "line 1, column 1: .*has no comments"),
    "a comma behind the last field": ("false}", "false,}", r"delete the comma before the }"),
    "a comma behind the last product": ("}}}\n", "}}},\n", r"delete the comma before the ]"),
    "single quotes": ('"price"', "'price'", "write plain double quotes"),
    "curly quotes": ('"tee"', "\u201ctee\u201d", "write plain double quotes"),
    "a key without quotes": ('"price":', "price:", 'write "price"'),
    "True": ("false", "False", "write false"),
    "None": ("20,", "None,", "write null"),
    "a decimal comma": ('"price": 20', '"price": 20,50', "has a point for its decimals"),
    "a plus": ('"stock": 20', '"stock": +20', "a number begins with a digit"),
    "zeros in front": ('"stock": 20', '"stock": 020', "no zeros in front"),
    "no digit before the point": ('"price": 20', '"price": .5', "a number begins with a digit"),
    "a comma missing": ('20, "sizes"', '20 "sizes"', "probably a comma is missing before it"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_likely_cause_is_named(name: str) -> None:
    old, new, words = CASES[name]
    assert old in TEE
    with pytest.raises(DataError, match=words):
        read_products(TEE.replace(old, new, 1).encode(), "products.json")


@pytest.mark.parametrize("content", [b"", b" \n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_named(content: bytes) -> None:
    with pytest.raises(DataError, match="the text ends too early; the file is empty"):
        read_products(content, "products.json")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_named(encoding: str) -> None:
    with pytest.raises(DataError, match=r"may be UTF-16.* save it as UTF-8"):
        read_products(TEE.encode(encoding), "products.json")


@pytest.mark.parametrize("text", ['[{"id": "tee"', '[{"id": @}]', "[{]", '{"a" 1}'])
def test_without_a_likely_cause_only_the_place_is_named(text: str) -> None:
    with pytest.raises(DataError, match=r"line 1, column \d+: [^;]*$"):
        read_products(text.encode(), "products.json")
