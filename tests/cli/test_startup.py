"""A command loads only the libraries that it uses, because loading takes most of its start."""

import subprocess
import sys

import pytest

from fancymonkey import gc_tuning

RARE = {"apprise", "aiosmtplib", "asyncpg", "httpx", "opentelemetry.sdk", "python_calamine"}
RARE |= {"requests", "segno", "stripe", "urllib3", "xlsxwriter"}
"""Libraries of one store, one channel, or one function of the dashboard."""

OF_THE_SERVER = {"fastapi", "starlette", "uvicorn", "jwt", "argon2"}

LOADED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sys.modules, sep="\\n")
"""


def loaded(*modules: str) -> set[str]:
    """The names of all modules that a new process has after the import of these."""
    command = [sys.executable, "-c", LOADED, *modules]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("modules", "unused"),
    [
        (["fancymonkey.commands.operation.serve", "fancymonkey.web.app"], RARE | {"apsw"}),
        (["fancymonkey.commands.store.verify"], RARE | {"apsw"} | OF_THE_SERVER),
        (["fancymonkey.commands.catalogue.export"], RARE | {"apsw"} | OF_THE_SERVER),
        (["fancymonkey.cli"], RARE | {"apsw", "asyncio", "pydantic", "msgspec"} | OF_THE_SERVER),
    ],
    ids=["serve", "verify", "export", "--version"],
)
def test_a_command_loads_no_library_that_it_does_not_use(
    modules: list[str], unused: set[str]
) -> None:
    names = loaded(*modules)
    assert set(modules) <= names
    needless = names & unused
    assert not needless


def test_garbage_is_collected_again_after_modules_are_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(gc_tuning.gc, "disable", lambda: seen.append("disable"))
    monkeypatch.setattr(gc_tuning.gc, "enable", lambda: seen.append("enable"))
    monkeypatch.setattr(gc_tuning.gc, "isenabled", lambda: True)
    with gc_tuning.paused():
        assert seen == ["disable"]
    assert seen == ["disable", "enable"]
    monkeypatch.setattr(gc_tuning.gc, "isenabled", lambda: False)
    with gc_tuning.paused():
        pass
    assert seen == ["disable", "enable", "disable"]
