"""The page about errors lists every code with its real statuses."""

import ast
import re
from http import HTTPStatus

from fancymonkey.core.outcomes import Code
from fancymonkey.web.http.problems.refusals import STATUS
from tests.architecture.source import ROOT, modules

PAGE = ROOT / "docs" / "reference" / "errors.md"
OF_THE_FRAMEWORK = {404, 405}
"""Statuses with which the framework itself may answer: an unknown path, another method."""


def documented() -> dict[str, set[int]]:
    """The codes of the page's tables, with their statuses."""
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", PAGE.read_text(), re.MULTILINE)
    statuses_by_code: dict[str, set[int]] = {}
    for code, statuses in rows:
        assert code not in statuses_by_code, f"{code} twice"
        statuses_by_code[code] = {int(status) for status in statuses.split(",")}
    return statuses_by_code


def raised() -> dict[str, set[int]]:
    """The codes in the source: of each `Problem(status, "code", …)`, and of the core."""
    statuses: dict[str, set[int]] = {}
    for module in modules(below="fancymonkey/web"):
        for node in module.nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id != "Problem" or len(node.args) < 2:
                continue
            status, code = node.args[:2]
            if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                statuses.setdefault(code.value, set()).add(status.value)
            elif isinstance(status, ast.Constant):  # the store's errors: two codes, one status
                assert module.name == "fancymonkey.web.http.problems.errors"
                for name in ("unavailable", "overloaded"):
                    assert f'"{name}"' in module.text
                    statuses.setdefault(name, set()).add(status.value)
            else:  # statuses of the core, and those of the framework
                where = module.name.removeprefix("fancymonkey.web.http.problems.")
                assert where in ("refusals", "errors")
    for refusal in Code:
        statuses.setdefault(refusal.value, set()).add(STATUS[refusal])
    for status in OF_THE_FRAMEWORK:
        name = HTTPStatus(status).phrase.lower().replace(" ", "_")
        statuses.setdefault(name, set()).add(status)
    return statuses


def test_the_page_has_every_code_with_its_status() -> None:
    assert documented() == raised()


def test_the_source_is_really_searched() -> None:
    statuses = raised()
    assert statuses["wrong_password"] == {401}
    assert statuses["insufficient_stock"] == {409}
    assert len(statuses) > 25
