"""No file names where one machine fetches its packages, or where one machine keeps its files."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

# Taken apart, so that this file does not break its own rule.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "python", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
]
PLACES = ["work", "root"]
FORBIDDEN = re.compile(
    "|".join(
        [rf"(?<![\w-]){re.escape(host)}\b" for host in HOSTS]
        + [rf"(?<![\w.$}}~:/-])/{place}/" for place in PLACES]
    ),
    re.IGNORECASE,
)
LITERALS = [*HOSTS, *(f"/{place}/" for place in PLACES)]
"""Texts of which a forbidden one has one: most files have none, and are not searched further."""
INDEX_OPTION = re.compile(r"^\s*(-i|-f|--(extra-)?index-url|--find-links)\b|://", re.MULTILINE)


def complaints(path: str, text: str) -> Iterator[str]:
    """Yield each forbidden word and its line."""
    lower = text.casefold()
    if not any(literal in lower for literal in LITERALS):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for match in FORBIDDEN.finditer(line):
            yield f"{path}:{number}: {match.group()}"


def files() -> list[Path]:
    """Give every file that git has, or would take."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    paths = files()
    assert Path(__file__) in paths
    dashes = [
        complaint
        for path in paths
        for complaint in complaints(
            str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace")
        )
    ]
    assert not dashes, "\n".join(dashes)


def test_pinned_requirements_name_versions_and_no_sources() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert not INDEX_OPTION.search(text), path.name
        pins = [line for line in text.splitlines() if re.match(r"[a-z]", line)]
        assert pins
        assert all("==" in line and line.endswith("\\") for line in pins), path.name
        assert text.count("--hash=sha256:") >= len(pins)


@pytest.mark.parametrize("host", HOSTS)
def test_a_registry_is_found(host: str) -> None:
    for text in (f"https://{host}/simple", f"files.{host}", f"see\n({host})", host.upper()):
        assert len(list(complaints("sample", text))) == 1, text
    assert not list(complaints("sample", f"not-a-{host.replace('.', '-')}"))


@pytest.mark.parametrize("place", PLACES)
def test_a_place_on_one_machine_is_found(place: str) -> None:
    for text in (f"/{place}/shop", f'"/{place}/x"', f"cd /{place}/"):
        assert len(list(complaints("sample", text))) == 1, text
    for text in (f"docs/{place}/x", f"http://h/{place}/x", f"../{place}/", f"$HOME/{place}/x"):
        assert not list(complaints("sample", text)), text


def test_an_index_in_requirements_is_found() -> None:
    for text in ("--index-url x", "a==1\n-i x", "a @ https://h/a.whl"):
        assert INDEX_OPTION.search(text)
