"""A folder has one noun and few modules, so that a newcomer finds a file by its name."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT

MODULES_MAX = 20
TESTS_MAX = 35
SUFFIXES = {".py", ".js"}
# Vendored code, copied unchanged.
VENDORED = "vendor"


def crowded(paths: Iterable[Path], most: int = MODULES_MAX) -> dict[Path, int]:
    """The folders with too many modules, and the number of their modules."""
    count = Counter(
        path.parent
        for path in paths
        if path.suffix in SUFFIXES and path.stem != "__init__" and VENDORED not in path.parts
    )
    return {folder: number for folder, number in count.items() if number > most}


def source_paths() -> list[Path]:
    """Every file of the package, relative to it."""
    package = ROOT / "src" / PACKAGE
    return [path.relative_to(package) for path in package.rglob("*.*")]


def test_no_folder_has_too_many_modules() -> None:
    paths = source_paths()
    assert Path("web/app.py") in paths
    assert not crowded(paths)


def test_no_folder_has_too_many_tests() -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    assert Path("tests/architecture/test_folders.py") in paths
    assert not crowded(paths, TESTS_MAX)


def test_a_crowded_folder_is_found() -> None:
    names = [Path("engine", f"{number}.py") for number in range(MODULES_MAX)]
    assert not crowded([*names, Path("engine/__init__.py"), Path("engine/view/view.py")])
    assert crowded([*names, Path("engine/clock.py")]) == {Path("engine"): MODULES_MAX + 1}


def test_every_folder_of_modules_is_a_package() -> None:
    paths = source_paths()
    folders = {path.parent for path in paths if path.suffix == ".py"}
    assert Path("web/http/bodies") in folders
    assert not [folder for folder in folders if folder / "__init__.py" not in set(paths)]
