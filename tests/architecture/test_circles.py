"""No two source files import each other, directly or through others, not even for types."""

from tests.architecture.source import PACKAGE, Module, modules


def imported_modules(module: Module, known: set[str]) -> set[str]:
    """The modules of the program that a module imports."""
    names = (name for name, _ in module.imports() if name.partition(".")[0] == PACKAGE)
    parts = {name if name in known else name.rpartition(".")[0] for name in names}
    return (parts & known) - {module.name, PACKAGE}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """The modules of one circle in the order of their imports; empty if there is no circle."""
    done: set[str] = set()
    for start in sorted(arrows):
        path: list[str] = []
        stack = [(start, iter(sorted(arrows[start])))] if start not in done else []
        path += [start] if stack else []
        while stack:
            name, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif target in path:
                return [*path[path.index(target) :], target]
            elif target not in done:
                stack.append((target, iter(sorted(arrows.get(target, ())))))
                path.append(target)
    return []


def test_no_source_files_import_each_other_in_a_circle() -> None:
    files = modules()
    known = {module.name for module in files}
    arrows = {module.name: imported_modules(module, known) for module in files}
    assert sum(map(len, arrows.values())) > len(arrows)
    assert not circle(arrows), " -> ".join(circle(arrows))


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert not circle({"a": {"b", "c"}, "b": {"c"}, "c": set()})


def test_an_import_for_types_counts() -> None:
    text = "if TYPE_CHECKING:\n    from fancymonkey.b import B"
    assert imported_modules(Module(f"{PACKAGE}.a", text), {f"{PACKAGE}.b"}) == {f"{PACKAGE}.b"}
