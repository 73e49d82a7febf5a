"""Patterns that the source must not contain, because each may be a vulnerability."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from fancymonkey.errors import FancyMonkeyError, StoreUnavailable
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.web.http.messages import Request
from fancymonkey.web.http.problems.errors import problem_response
from tests.architecture.source import ROOT, modules
from tests.web.shops import running

PACKAGE = ROOT / "src" / "fancymonkey"
INSIDE = "the path /home/owner and a password"
SCRIPTS = [path for path in PACKAGE.rglob("*.js") if "vendor" not in path.parts]
IDS = [path.relative_to(PACKAGE).as_posix() for path in SCRIPTS]


@cache
def calls() -> tuple[tuple[str, str], ...]:
    """Every call in our code: (where, its dotted name)."""
    return tuple(
        (f"{module.path}:{node.lineno}", ast.unparse(node.func))
        for module in modules()
        for node in module.nodes
        if isinstance(node, ast.Call)
    )


@cache
def imports() -> frozenset[str]:
    return frozenset(name for module in modules() for name, _ in module.imports())


def test_nothing_is_run_that_is_text() -> None:
    wrong = [call for call in calls() if call[1] in ("eval", "exec", "compile", "__import__")]
    assert not wrong


def test_no_other_program_is_started_and_no_shell() -> None:
    names = imports()
    assert not [name for name in names if name.split(".")[0] in ("subprocess", "pty", "popen2")]
    assert not [
        call for call in calls() if call[1].startswith(("os.system", "os.popen", "os.exec"))
    ]


def test_nothing_is_read_that_can_make_objects_of_any_kind() -> None:
    tops = {name.split(".")[0] for name in imports()}
    assert not tops & {"pickle", "shelve", "marshal", "dill", "yaml", "jsonpickle", "xmlrpc"}


def test_no_weak_hash_and_no_cipher_of_our_own() -> None:
    wrong = {"hashlib.md5", "hashlib.sha1", "hashlib.new"}
    assert not [call for call in calls() if call[1] in wrong]
    tops = {name.split(".")[0] for name in imports()}
    assert not tops & {"Crypto", "Cryptodome", "crypt"}


def test_secrets_come_from_the_systems_random_source() -> None:
    """Simple random numbers decide about test faults and the time of retries, never about
    secrets.
    """
    dice = {
        module.name
        for module in modules()
        for name, _ in module.imports()
        if name.split(".")[0] == "random" and ".fake_stripe." not in module.name
    }
    assert dice == {"fancymonkey.alerts.backoff", "fancymonkey.commands.drill.crowd"}
    assert not [call for call in calls() if call[1].startswith("uuid.uuid1")]


def test_certificates_are_checked_and_redirects_not_followed() -> None:
    """Only servers of one shop have no certificates: a proof of their secret is bound to each TLS
    connection instead (decision 0214; tests/engine/test_cluster_machines.py has the attacks).
    """
    text = "\n".join(module.text for module in modules())
    for word in ("verify=False", "_create_unverified", "follow_redirects=True"):
        assert word not in text
    unchecked = {module.name for module in modules() if "CERT_NONE" in module.text}
    assert unchecked == {"fancymonkey.engine.cluster.tls"}


def test_no_debug_mode_is_on() -> None:
    text = "\n".join(module.text for module in modules())
    assert "debug=True" not in text
    assert "reload=True" not in text


@pytest.mark.parametrize(
    "error",
    [
        KeyError(INSIDE),
        FancyMonkeyError(INSIDE),
        StoreUnavailable(INSIDE),
        RequestValidationError(
            [{"type": "int_type", "loc": ("body", "n"), "msg": "Not a number", "input": INSIDE}]
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_response_to_an_error_has_its_text(error: Exception) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    response = problem_response(error, Request(scope, _nothing))
    assert response.status >= 400
    assert INSIDE.encode() not in response.body


async def test_every_error_of_the_framework_has_a_handler_of_ours() -> None:
    async with running(MemoryStore()) as shop:
        handlers = shop.client.app.api.exception_handlers
    assert {Exception, HTTPException, FancyMonkeyError} <= handlers.keys()


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


@pytest.mark.parametrize("path", SCRIPTS, ids=IDS)
def test_no_script_writes_markup_or_runs_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for word in (
        *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "unsafeHTML"),
        *("new Function", "unsafeSVG", "srcdoc", "javascript:"),
    ):
        assert word not in text, word
    assert not re.search(r"setTimeout\(\s*['\"`]", text)
    assert not re.search(r"addEventListener\(\s*['\"]message['\"]", text), "postMessage"


@pytest.mark.parametrize("path", SCRIPTS, ids=IDS)
def test_no_script_keeps_a_secret_in_the_browser(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for arguments in re.findall(r"(?:local|session)Storage\.setItem\(([^)]*)\)", text):
        assert not re.search(r"password|token|csrf|secret|\bkey\b|code", arguments), arguments
    assert "document.cookie" not in text


def test_every_dependency_is_pinned_with_its_hash() -> None:
    for name in ("run", "dev", "build"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        wanted = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE | re.IGNORECASE)
        assert wanted
        parts = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)
        assert not [part for part in parts if "==" in part and "--hash=sha256:" not in part]
