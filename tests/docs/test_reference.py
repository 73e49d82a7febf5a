"""The reference pages list everything that exists, and nothing else."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, TypeGuard

import click
import msgspec
import pytest
from starlette.routing import Mount

from fancymonkey.cli import program
from fancymonkey.core.model import Entry, Kind
from fancymonkey.core.outcomes import Code
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.settings import Settings, declarations, reference
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.app import create_app
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.problems.refusals import STATUS
from fancymonkey.web.routing.routes import methods_of, routes_of
from tests.architecture.source import modules
from tests.docs.pages import Page, read

CONTEXT = click.Context(program)
COMMANDS = {name: program.get_command(CONTEXT, name) for name in program.list_commands(CONTEXT)}
FRAMEWORK_CODES = {"not_found", "method_not_allowed"}
"""Made from the status where the framework answers, not written out in our code."""


def table_rows(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, without their heads."""
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return [
        row
        for row, after in zip(rows, [*rows[1:], [""]], strict=True)
        if not _is_rule(row) and not _is_rule(after)
    ]


def _is_rule(row: list[str]) -> bool:
    return bool(row) and all(re.fullmatch(r":?-+:?", cell) for cell in row)


def first_codes(text: str) -> list[str]:
    """The texts between backticks in the first cells of the tables."""
    return [code for row in table_rows(text) for code in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_and_its_options_are_documented(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    parts = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    options = {
        max(parameter.opts, key=len)
        for part in parts
        for parameter in part.params
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts
    }
    documented = [code.split()[0] for code in first_codes(read(CLI).section(name))]
    assert sorted(documented) == sorted(options)


CLI = "docs/reference/cli.md"


def test_no_command_is_documented_that_is_gone() -> None:
    headings = set(re.findall(r"^## (\S+)$", read(CLI).prose, re.MULTILINE))
    assert headings - {"Completion"} == COMMANDS.keys()


def test_settings_page_is_made_from_the_settings() -> None:
    page = read("docs/reference/settings.md")
    assert page.text == reference()
    names = [setting.name for setting in declarations()]
    assert len(names) == len(set(names))
    assert first_codes(page.text) == names


def endpoints() -> Iterator[tuple[str, str]]:
    """Method and path of everything that is served."""
    front = create_app(Settings(), Engine(MemoryStore()))
    yield from ((method.decode(), path.decode()) for method, path in front.hot)
    for route in routes_of(front.api):
        if not isinstance(route, Mount):
            yield from ((method, route.path) for method in methods_of(route) or {"GET"})


def documented_endpoints(page: Page) -> set[tuple[str, str]]:
    named = re.findall(r"^## (GET|POST|PUT) (\S+)$", page.prose, re.MULTILINE)
    listed = re.findall(r"^\| `(GET|POST) (\S+)` \|", page.prose, re.MULTILINE)
    both = re.findall(r"^## (/\S+)$", page.prose, re.MULTILINE)
    return {*named, *listed, *(("GET", path) for path in both)}


def test_every_endpoint_is_documented() -> None:
    names = ("http", "admin-http", "accounts-http", "former-names")
    pages = [f"docs/reference/{name}.md" for name in names]
    assert set().union(*(documented_endpoints(read(page)) for page in pages)) == set(endpoints())


def _names(kind: type[Any]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("POST /api/inventory/reserve", (wire.ReserveBody, wire.LineBody)),
        ("POST /api/inventory/release", (wire.ReleaseBody,)),
        ("POST /api/inventory/update", (wire.UpdateBody, wire.UpdateRow)),
        ("POST /api/inventory/bulk-update", (wire.BulkBody,)),
    ],
)
def test_fields_of_bodies_are_documented(heading: str, kinds: tuple[type[Any], ...]) -> None:
    section = read("docs/reference/http.md").section(heading)
    assert set(first_codes(section)) == {name for kind in kinds for name in _names(kind)}


def test_filters_and_changes_of_a_bulk_update_are_documented() -> None:
    section = read("docs/reference/http.md").section("POST /api/inventory/bulk-update")
    codes = set(re.findall(r"`(\w+)`", section))
    assert _names(wire.BulkFilter) | _names(wire.BulkChanges) <= codes


def problem_codes() -> tuple[set[str], set[str]]:
    """The codes of every `Problem(…)` of the web layer, and the functions where one is computed."""
    paths: set[str] = set()
    computed: set[str] = set()
    for module in (module for module in modules() if ".web." in module.name):
        for function in module.nodes:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            texts = _assigned_texts(function)
            for node in ast.walk(function):
                if _is_problem(node) and len(node.args) > 1:
                    codes = _texts(node.args[1], texts)
                    paths |= codes
                    computed |= set() if codes else {function.name}
    return paths, computed


def _is_problem(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"
    )


def _texts(node: ast.expr, assigned: dict[str, set[str]]) -> set[str]:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    return assigned.get(node.id, set()) if isinstance(node, ast.Name) else set()


def _assigned_texts(function: ast.AST) -> dict[str, set[str]]:
    """The plain texts that each variable of a function is given, in a pair with others too."""
    codes: dict[str, set[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            names, values = node.targets, [node.value]
            if isinstance(names[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                names, values = names[0].elts, node.value.elts
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                    codes.setdefault(name.id, set()).add(str(value.value))
    return codes


def documented_codes() -> dict[str, str]:
    rows = [row for row in table_rows(read("docs/reference/errors.md").text) if len(row) == 4]
    return {row[0].strip("`"): row[1] for row in rows}


def test_every_error_code_is_documented() -> None:
    codes, computed = problem_codes()
    assert {"wrong_password", "bad_signature", "overloaded"} <= codes
    # The codes of the core, and those that are made from the framework's statuses.
    assert computed == {"refusal", "_of_the_framework"}
    assert documented_codes().keys() == {*map(str, Code), *codes, *FRAMEWORK_CODES}


def test_the_status_of_each_refusal_is_documented() -> None:
    documented = documented_codes()
    assert {code: documented[code] for code in STATUS} == {
        code: str(status) for code, status in STATUS.items()
    }


def test_refusals_are_documented_in_their_order() -> None:
    section = read("docs/reference/errors.md").section("Refusals")
    assert first_codes(section) == [str(code) for code in Code]


def test_every_kind_of_entry_is_documented() -> None:
    section = read("docs/reference/ledger.md").section("Kinds")
    assert sorted(first_codes(section)) == sorted(map(str, Kind))


def test_every_field_of_an_entry_is_documented() -> None:
    section = read("docs/reference/ledger.md").section("Fields")
    assert first_codes(section) == [field.name for field in fields(Entry)]
