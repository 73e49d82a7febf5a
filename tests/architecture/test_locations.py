"""Only the edges know the default location; below them a location is always given."""

import ast
from collections.abc import Iterator

import pytest

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from tests.architecture.source import PACKAGE, Module, modules
from tests.architecture.test_imports import inside

DECLARED = "core.locations.locations"
# Packages that read the requests and files of people.
EDGES = ("web", "commands", "spreadsheets", "store.products_file", "examples")


def is_edge(name: str) -> bool:
    return any(name == edge or name.startswith(f"{edge}.") for edge in EDGES)


def defaults(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each parameter and field `location` that has a default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            plain = [*node.posonlyargs, *node.args]
            pairs = list(zip(reversed(plain), reversed(node.defaults), strict=False))
            named = zip(node.kwonlyargs, node.kw_defaults, strict=True)
            pairs += [(arg, value) for arg, value in named if value is not None]
            yield from (arg.lineno for arg, _ in pairs if arg.arg == "location")
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    if field.target.id == "location" and field.value is not None:
                        yield field.lineno


def literals(tree: ast.AST) -> Iterator[int]:
    """Yield the line of each text that is the name of the default location."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == DEFAULT_LOCATION:
            yield node.lineno


def locations_below_the_edge(module: Module) -> Iterator[str]:
    """Yield each use of the default location, and each default of a location, below the edges."""
    name = inside(module.name)
    if is_edge(name) or name == DECLARED:
        return
    for line in defaults(module.tree):
        yield f"{module.path}:{line}: `location` has a default"
    if name.startswith(("core.", "engine.", "services.", "payments.", "alerts.")):
        for line in literals(module.tree):
            yield f"{module.path}:{line}: the name of a location"
    for imported, line in module.imports():
        if imported.endswith(".DEFAULT_LOCATION"):
            yield f"{module.path}:{line}: DEFAULT_LOCATION is for the edges"


def test_no_location_is_assumed_below_the_edges() -> None:
    complaints = [text for module in modules() for text in locations_below_the_edge(module)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    "text",
    [
        f"from {PACKAGE}.core.locations.locations import DEFAULT_LOCATION",
        "def f(sku: str, location: str = 'x') -> None: ...",
        "def f(sku: str, *, location: str = 'x') -> None: ...",
        "class Adjust:\n    location: str = 'x'",
        "level = levels[sku, 'main']",
    ],
)
def test_an_assumed_location_is_found(text: str) -> None:
    assert len(list(locations_below_the_edge(Module(f"{PACKAGE}.core.stock.adjust", text)))) == 1
    assert not list(locations_below_the_edge(Module(f"{PACKAGE}.web.app", text)))


def test_a_given_location_is_not() -> None:
    text = "class Adjust:\n    location: str\ndef f(location: str, *, at: int = 1) -> None:\n"
    text += "    location: str = at"
    assert not list(locations_below_the_edge(Module(f"{PACKAGE}.core.stock.adjust", text)))
