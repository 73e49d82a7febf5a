"""The list of findings is complete, and names existing tests."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.pages import read
from tests.docs.test_reference import table_rows

ROOT = Path(__file__).parents[2]
FINDINGS = 26
SECTION = read("docs/security.md").text.partition("## Findings from attacks")[2]
ROWS = {row[0]: row for row in table_rows(SECTION)}


def named_tests(cell: str) -> list[tuple[str, str]]:
    """The files and functions that a cell names."""
    rows: list[tuple[str, str]] = []
    for part in cell.split("; "):
        file, *functions = re.findall(r"`([^`]+)`", part)
        assert functions, part
        rows += [(file, function) for function in functions]
    return rows


def test_every_finding_is_there_once_and_in_order() -> None:
    assert [row[0] for row in table_rows(SECTION)] == [str(n) for n in range(1, FINDINGS + 1)]


@pytest.mark.parametrize("number", ROWS)
def test_its_tests_are_there(number: str) -> None:
    _, finding, answer, cell = ROWS[number]
    assert finding
    assert answer
    for file, function in named_tests(cell):
        tree = ast.parse((ROOT / file).read_text())
        names = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert function in names, f"{file} has no {function}"
