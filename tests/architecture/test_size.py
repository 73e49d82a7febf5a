"""A file is about one thing, and a function fits on a screen."""

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT, Module, modules

FILE_LINES = 350
FUNCTION_LINES = 60
# Files and functions that may be longer, as `path` or `path:function`, with the reason. An idle
# entry must go.
LONGER: set[str] = {"src/fancymonkey/core/model.py"}  # the rows: declarations only


def too_long(module: Module) -> Iterator[tuple[str, str]]:
    """Yield each file and function that is too long: (its name for LONGER, the complaint)."""
    lines = len(module.text.splitlines())
    if lines > FILE_LINES:
        yield module.path, f"{module.path}: {lines} lines, more than {FILE_LINES}"
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                name = f"{module.path}:{node.name}"
                yield name, f"{name}: {lines} lines, more than {FUNCTION_LINES}"


def test_no_file_and_no_function_is_too_long() -> None:
    everything = modules() + modules(ROOT, "bench") + modules(ROOT, "tests/support")
    long = dict(complaint for module in everything for complaint in too_long(module))
    new = [complaint for name, complaint in long.items() if name not in LONGER]
    assert not new, "\n".join(new)
    assert long.keys() >= LONGER, f"short enough, so take off LONGER: {LONGER - long.keys()}"


def test_a_long_file_is_found() -> None:
    assert not list(too_long(Module("sample", "x = 1\n" * FILE_LINES)))
    assert len(list(too_long(Module("sample", "x = 1\n" * (FILE_LINES + 1))))) == 1


def test_a_long_function_is_found() -> None:
    just_fits = "class C:\n  async def f(self):\n" + "    x = 1\n" * (FUNCTION_LINES - 1)
    assert not list(too_long(Module("sample", just_fits)))
    long = dict(too_long(Module("sample", just_fits + "    y = 1\n")))
    assert list(long) == ["sample.py:f"]
