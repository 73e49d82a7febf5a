"""The page about the doctor lists every existing finding, and no other."""

import ast
import re

from tests.architecture.source import modules
from tests.docs.pages import read

PAGE = "docs/reference/doctor.md"
MADE_BY = {"error", "warning", "note"}


def in_source() -> set[tuple[str, str]]:
    """Every (id, severity) that some check makes."""
    ids = set()
    for module in modules():
        if not module.name.startswith("fancymonkey.doctor."):
            continue
        for node in module.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id in MADE_BY and isinstance(first, ast.Constant):
                    ids.add((str(first.value), node.func.id))
    return ids


def in_page() -> dict[str, str]:
    """The severity of every documented id."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| ([^|]*)", read(PAGE).text, re.M)
    return {id_: f"{severity} {about}" for id_, severity, about in rows}


def test_every_finding_is_documented_with_its_severity() -> None:
    source, page = in_source(), in_page()
    assert {id_ for id_, _ in source} == page.keys()
    wrong = [(id_, how) for id_, how in source if how not in page[id_]]
    assert not wrong


def test_every_symptom_leads_to_a_finding() -> None:
    symptoms = read(PAGE).section("By symptom")
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", symptoms))
    assert named
    assert named <= in_page().keys()
