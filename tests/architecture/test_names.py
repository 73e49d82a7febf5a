"""Names state what they hold: no pronoun for a variable, and no two classes of one name."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, modules

PRONOUNS = frozenset(
    ("found", "told", "one", "kept", "rest", "that", "it", "said", "wish", "wishes", "whom")
)
"""Names that state nothing of the content; see CONTRIBUTING.md. Fields of a class may have them."""

_PRONOUN = re.compile(rf"\b(?:{'|'.join(sorted(PRONOUNS))})\b")
_CLASS = re.compile(r"^class (\w+)", re.M)

# A declaration, a parameter before an arrow, and the parameters of a function.
_DECLARED = re.compile(r"\b(?:const|let|var|function)\s+([\w$]+|\[[^\]\n]*\]|\{[^}\n]*\})")
_ARROW = re.compile(r"(?:\(([^()\n]*)\)|\b([\w$]+))\s*=>")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.S)


def pronouns(module: Module) -> Iterator[str]:
    """Yield each variable, parameter and function whose name is a pronoun."""
    if not _PRONOUN.search(module.code):  # to parse all files takes several seconds
        return
    fields = {
        id(part.target)
        for node in module.nodes
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.AnnAssign)
    }
    for node in module.nodes:
        match node:
            case ast.Name(name, ast.Store()) if id(node) not in fields:
                pass
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                pass
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                pass
            case ast.ExceptHandler(name=str(name)):
                pass
            case _:
                continue
        if name in PRONOUNS:
            yield f"{module.path}:{node.lineno}: {name}"


def script_pronouns(source: str) -> set[str]:
    """The pronouns that a script declares as variables, parameters or functions."""
    text = _COMMENT.sub("", source)
    declared = [match[1] for match in _DECLARED.finditer(text)]
    declared += [match[1] or match[2] for match in _ARROW.finditer(text)]
    words = {word for part in declared if part for word in re.findall(r"[\w$]+", part)}
    return words & PRONOUNS


def scripts() -> Iterator[Path]:
    for folder in ("src", "tests"):
        for path in sorted((ROOT / folder).rglob("*.*js")):
            if path.suffix in (".js", ".mjs") and not {"vendor", "node_modules"} & {*path.parts}:
                yield path


def test_no_variable_is_a_pronoun() -> None:
    complaints = [
        text
        for folder in ("src", "tests", "bench", "scripts")
        for module in modules(ROOT, folder)
        for text in pronouns(module)
    ]
    assert not complaints, "\n".join(complaints)


def test_no_variable_of_a_script_is_a_pronoun() -> None:
    paths = list(scripts())
    assert len(paths) > 50
    complaints = {
        str(path.relative_to(ROOT)): words
        for path in paths
        if (words := script_pronouns(path.read_text(encoding="utf-8")))
    }
    assert not complaints


@pytest.mark.parametrize("folder", ["src", "tests", "bench"])
def test_no_two_classes_have_one_name(folder: str) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules(ROOT, folder):
        for name in _CLASS.findall(module.code):
            places[name].append(module.path)
    assert len(places) > 5
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "told, other = 1, 2",
        "for one in ():\n    pass",
        "rows = [kept for kept in ()]",
        "first, *rest = ()",
        "def f(that: int) -> None: ...",
        "async def said() -> None: ...",
        "with f() as wish:\n    pass",
        "if (it := 1):\n    pass",
    ],
)
def test_a_pronoun_is_found(source: str) -> None:
    assert len(list(pronouns(Module("sample", source)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "# found\n",
        '"""It is found."""',
        "'''It \\''' is found.'''",
        r'"the \"one\" of" "rest"',
        "'it' '#'  # told",
        r"rb'\' + one'",
        "'a \\\nfound'",
    ],
)
def test_code_has_no_comments_and_no_strings(text: str) -> None:
    assert not _PRONOUN.search(Module("sample", f"before = {text}").code)
    assert Module("sample", f"{text}\nafter = 1").code.endswith("\nafter = 1")


def test_code_of_an_f_string_stays() -> None:
    assert len(list(pronouns(Module("sample", "print(f'{(it := 1)}', rf'{it}')")))) == 1


def test_fields_attributes_and_keywords_are_names_of_the_domain() -> None:
    source = "class Line:\n    found: int = 0\n\nrow.kept = f(found=row.found)\n"
    assert list(pronouns(Module("sample", source))) == []


@pytest.mark.parametrize(
    "source",
    [
        "const found = 1;",
        "let [one, other] = pair;",
        "function told(x) {}",
        "rows.map((kept) => kept.id)",
        "rows.map(rest => rest)",
        "(a, that) => a",
        "for (const it of rows) {}",
    ],
)
def test_a_pronoun_is_found_in_a_script(source: str) -> None:
    assert len(script_pronouns(source)) == 1


def test_comments_and_fields_of_scripts_are_not_variables() -> None:
    assert script_pronouns("// const found = 1\nrow.found = /* (one) => 1 */ error.rest;") == set()
