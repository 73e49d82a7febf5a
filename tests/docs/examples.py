"""Runs the examples of a page as a reader would: in order, in one shell, against a real server.

A fenced block takes part by the words after its language:

    ```bash server     how the page starts the server: its variables are given to the real one
    ```bash run        run in this page's shell; it must succeed
    ```json answer     what the block before it printed, as JSON
    ```text answer     the same, as lines of text

In an answer `…` matches anything: within a text, as a whole value, as the last element of a list,
or as the field `"…"` for all further fields.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.docs.pages import Block, Page

ANY = "…"
ADDRESS = "127.0.0.1:8000"
PROGRAMS = Path(sys.executable).parent
SECONDS = 60
INHERITED = ("PATH", "PYTHONPATH")


def runnable(page: Page) -> bool:
    """Whether the page has examples to run."""
    return any(block.words == ("bash", "run") for block in page.blocks)


def starts_server(page: Page) -> bool:
    """Whether the page wants a server for its examples."""
    return any(block.words == ("bash", "server") for block in page.blocks)


def server_variables(page: Page) -> dict[str, str]:
    """The variables with which the page starts its server."""
    variables: dict[str, str] = {}
    for block in page.blocks:
        if block.words == ("bash", "server"):
            for word in shlex.split(block.text, comments=True):
                name, equals, value = word.partition("=")
                if not equals or not re.fullmatch(r"[A-Z_]+", name):
                    break
                variables[name] = value
    return variables


def run_page(page: Page, folder: Path, address: str) -> None:
    """Runs the page's examples in `folder` and compares what they print. Raises AssertionError."""
    (folder / ".venv").mkdir(exist_ok=True)
    (folder / ".venv" / "bin").symlink_to(PROGRAMS)
    blocks = [block for block in page.blocks if block.words[1:] in (("run",), ("answer",))]
    assert blocks, f"{page.name} has nothing to run"
    script = _script([block for block in blocks if block.words[1] == "run"], folder, address)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={"HOME": str(folder), **{n: os.environ[n] for n in INHERITED if n in os.environ}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    _compare(page, blocks, folder, f"exit code {done.returncode}\n{done.stderr}")
    assert done.returncode == 0, f"{page.name}: {done.stderr}"


def _script(blocks: Iterable[Block], folder: Path, address: str) -> str:
    """One shell for all blocks, so that a variable of one is known to the next."""
    parts = ["set -eo pipefail"]
    for block in blocks:
        text = block.text.replace(ADDRESS, address)
        parts.append(f"{{\n{text}}} > {shlex.quote(str(_output(folder, block)))}")
    return "\n".join(parts)


def _output(folder: Path, block: Block) -> Path:
    return folder / f"line-{block.line}.out"


def _compare(page: Page, blocks: Iterable[Block], folder: Path, state: str) -> None:
    words: str | None = None
    for block in blocks:
        where = f"{page.name}, line {block.line}"
        if block.words[1] == "run":
            path = _output(folder, block)
            assert path.exists(), f"{where}: not reached, {state}"
            words = path.read_text(encoding="utf-8")
        else:
            assert words is not None, f"{where}: an answer to nothing"
            problem = difference(block, words)
            assert problem is None, f"{where}: {problem}\nIt printed:\n{words}\n{state}"
            words = None


def difference(shown: Block, real: str) -> str | None:
    """The first difference between a real output and the page, or None."""
    if shown.words[0] == "json":
        try:
            value = json.loads(real)
        except ValueError as error:
            return f"not JSON: {error}"
        return json_difference(json.loads(shown.text), value)
    if not _pattern(shown.text.strip()).fullmatch(real.strip()):
        return "the text differs"
    return None


def json_difference(shown: Any, real: Any, where: str = "$") -> str | None:
    """The path at which two JSON values differ (`…` in the first matches anything), or None."""
    if shown == ANY:
        return None
    if isinstance(shown, dict) and isinstance(real, dict):
        return _object_difference(shown, real, where)
    if isinstance(shown, list) and isinstance(real, list):
        more = bool(shown) and shown[-1] == ANY
        wanted = shown[:-1] if more else shown
        if len(real) < len(wanted) or (len(real) > len(wanted) and not more):
            return f"{where} has {len(real)} elements, not {len(wanted)}"
        differences = (
            json_difference(wanted_item, other, f"{where}[{number}]")
            for number, (wanted_item, other) in enumerate(zip(wanted, real, strict=False))
        )
        return next((problem for problem in differences if problem is not None), None)
    if isinstance(shown, str) and isinstance(real, str) and _pattern(shown).fullmatch(real):
        return None
    same = type(shown) is type(real) and shown == real
    return None if same else f"{where} is {real!r}, not {shown!r}"


def _object_difference(shown: dict[str, Any], real: dict[str, Any], where: str) -> str | None:
    more = ANY in shown
    wanted = {name: value for name, value in shown.items() if name != ANY}
    missing = wanted.keys() - real.keys()
    extra = set() if more else real.keys() - wanted.keys()
    if missing or extra:
        return f"{where} lacks {sorted(missing)} and has {sorted(extra)} besides"
    for name, value in wanted.items():
        problem = json_difference(value, real[name], f"{where}.{name}")
        if problem is not None:
            return problem
    return None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*?".join(map(re.escape, text.split(ANY))), re.DOTALL)
