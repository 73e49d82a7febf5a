"""Reading source text for the rules: modules, imports, calls. Nothing is imported or run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
PACKAGE = "fancymonkey"

_STRING = (
    r"""\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
)
_TEXT = re.compile(rf"#[^\n]*|(\b(?:[fF][rR]?|[rR][fF]))?(?:{_STRING})", re.S)


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and its text."""

    name: str
    text: str
    path: str = "sample.py"

    @classmethod
    def read(cls, path: Path, root: Path) -> Self:
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        return cls(name, path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))

    @cached_property
    def code(self) -> str:
        """The text without comments and strings; f-strings stay, for they have code."""
        return _TEXT.sub(lambda match: match[0] if match[1] else "", self.text)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    def imports(self) -> tuple[tuple[str, int], ...]:
        """Everything imported, as `package.module.name`, with its line."""
        return self._imports

    @cached_property
    def _imports(self) -> tuple[tuple[str, int], ...]:
        return tuple(self._imported())

    def _imported(self) -> Iterator[tuple[str, int]]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node.lineno
            elif isinstance(node, ast.ImportFrom):
                source = "." * node.level + (node.module or "")
                for alias in node.names:
                    yield f"{source}.{alias.name}", node.lineno

    def uses(self) -> Iterator[tuple[str, int]]:
        """Give every use of an imported name, written out: `t.monotonic` is `time.monotonic`."""
        origins = dict(self._origins())
        for node in self.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and (chain := dotted(node)):
                first, _, remainder = chain.partition(".")
                if first in origins:
                    yield origins[first] + (f".{remainder}" if remainder else ""), node.lineno

    def _origins(self) -> Iterator[tuple[str, str]]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (top, top)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def dotted(node: ast.expr) -> str | None:
    """Write `a.b.c` out, or return None for an expression with more than names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (left := dotted(node.value)):
        return f"{left}.{node.attr}"
    return None


def modules(root: Path = ROOT / "src", below: str = PACKAGE) -> list[Module]:
    """All source files below a directory, each read and parsed once per process."""
    return [_module(path, root) for path in sorted((root / below).rglob("*.py"))]


@cache
def _module(path: Path, root: Path) -> Module:
    return Module.read(path, root)
