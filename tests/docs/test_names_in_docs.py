"""Every file, setting, command and target of `make` that the documentation names exists."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from fancymonkey.settings.settings import declarations
from tests.docs.pages import ROOT, Page, pages
from tests.docs.test_reference import COMMANDS

FOLDERS = ("bench", "deploy", "docs", "examples", "requirements", "scripts", "src", "tests")
_FILE = re.compile(
    r"(?<![\w/:.~$-])(?:[\w.-]+/)+[\w.-]+\.(?:css|html|js|md|mjs|png|py|sh|sql|svg|toml|txt|ya?ml)\b"
    r"|(?<![\w/:.~$-])[a-z][\w-]+\.(?:py|sql)\b"
    rf"|(?<![\w/:.~$-])(?:{'|'.join(FOLDERS)})/[\w./-]*"
)
_VARIABLE = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w…*])")
_COMMAND = re.compile(r"(?<![\w./-])fancymonkey ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?")
_TARGET = re.compile(r"^make ([a-z][a-z-]*)", re.M)
CONNECTIONS = {"reader", "server"}
"""Names of connections in PostgreSQL, such as `fancymonkey server`."""


def code_of(page: Page) -> str:
    """The code of a page: the text between backticks, and the fenced blocks."""
    return "\n".join([*sorted(page.codes), *(block.text for block in page.blocks)])


@cache
def endings() -> set[str]:
    """The paths of all files and folders, and every ending of such a path."""
    paths: set[str] = set()
    for top in FOLDERS:
        for folder, folders, files in os.walk(ROOT / top):
            folders[:] = [name for name in folders if name not in ("__pycache__", "node_modules")]
            for name in ["", *files]:
                parts = (Path(folder) / name).relative_to(ROOT).parts
                paths.update("/".join(parts[start:]) for start in range(len(parts)))
    paths.update(path.name for path in ROOT.iterdir())
    return paths


@cache
def words() -> set[str]:
    """The names in capitals in the code, the workflows and the files at the top."""
    files = [ROOT / "Makefile", ROOT / "Dockerfile", *(ROOT / ".github").rglob("*.yml")]
    for top in FOLDERS:
        files += [
            path
            for path in (ROOT / top).rglob("*")
            if path.suffix in (".py", ".sh", ".yml", ".yaml", ".service", ".env", ".toml")
        ]
    texts = (path.read_text(encoding="utf-8") for path in files if path.is_file())
    return {name for text in texts for name in _VARIABLE.findall(text)}


@cache
def settings() -> set[str]:
    return {variable.name for variable in declarations()}


def unknown_names(page: Page) -> Iterator[str]:
    """The names on a page that do not exist."""
    code = code_of(page)
    for path in _FILE.findall(code):
        if path.rstrip("/.") not in endings():
            yield path
    for name in _VARIABLE.findall(code):
        if not {name, name.removesuffix("_FILE")} & settings() and name not in words():
            yield name
    for command, part in _COMMAND.findall(code):
        known = COMMANDS.get(command)
        if known is None and command not in CONNECTIONS:
            yield f"fancymonkey {command}"
        elif isinstance(known, click.Group) and part and part not in known.commands:
            yield f"fancymonkey {command} {part}"
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    yield from (f"make {target}" for target in _TARGET.findall(code) if target not in targets)


def test_every_named_file_setting_command_and_target_exists() -> None:
    unknown = [f"{page.name}: {name}" for page in pages() for name in unknown_names(page)]
    assert not unknown, "\n".join(sorted(set(unknown)))


def test_a_name_that_does_not_exist_is_reported() -> None:
    mistyped = f"{'ADMIN'}_PASSWROD"  # in one piece it would be a name of this file
    text = (
        "`core/ledger.py` `core/gone.py` `gone.py` `src/gone/` `src/fancymonkey/`\n"
        f"`ADMIN_PASSWORD` `ADMIN_PASSWORD_FILE` `{mistyped}`\n"
        "```bash\nfancymonkey serve\nfancymonkey sevre\nfancymonkey user sevre\nmake sevre\n```\n"
    )
    assert sorted(unknown_names(Page(ROOT / "docs" / "made-up.md", text))) == [
        mistyped,
        "core/gone.py",
        "fancymonkey sevre",
        "fancymonkey user sevre",
        "gone.py",
        "make sevre",
        "src/gone/",
    ]
