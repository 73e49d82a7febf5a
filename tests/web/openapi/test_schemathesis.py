"""The OpenAPI document against the real server, with each right: all checks of schemathesis.

No internal error, no undocumented status, content type, shape or method, and no access without the
right secret. The seed is fixed, in schemathesis.toml.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from fancymonkey.web.openapi import document as openapi
from tests.support.server import INHERITED, Server
from tests.web.shops import PASSWORD

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PROGRAM = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
ENV = {"ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT": "off", "TRUSTED_PROXIES": "127.0.0.1"}
TABLES = {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
"""Hypothesis keeps its tables of characters there: to make them takes 2 s of CPU time a process."""
MOVING = "/api/admin/migrate"
"""This request moves the shop to another store; tests/web/admin_api/test_migrate.py tests it."""

SOME = ("--phases", "examples,fuzzing", "--max-examples", "3")
ALL = ("--phases", "examples,coverage,fuzzing", "--max-examples", "2", "--exclude-path", MOVING)


def tagged(*tags: str) -> tuple[str, ...]:
    return tuple(word for tag in tags for word in ("--include-tag", tag))


RUNS = [
    # The caller, the operations, and the least number of cases.
    pytest.param(None, SOME, 250, id="anonymous"),
    pytest.param("read", SOME, 300, id="read"),
    pytest.param("stock", SOME, 300, id="stock"),
    pytest.param("admin", ALL + tagged("accounts", "system"), 700, id="admin-accounts"),
    pytest.param("admin", ALL + tagged("dashboard", "jobs"), 2_500, id="admin-dashboard"),
    pytest.param("admin", ALL + tagged("orders", "transfers"), 1_500, id="admin-orders"),
    pytest.param(
        "admin",
        ALL + tagged("inventory", "checkout", "admin", "stripe", "payments", "alerts"),
        1_500,
        id="admin-others",
    ),
]


def token(server: Server, right: str) -> str:
    """A secret with a right."""
    if right == "admin":
        return PASSWORD
    answer = httpx.post(
        f"{server.url}/api/admin/keys/make",
        json={"label": right, "right": right},
        headers={"Authorization": f"Bearer {PASSWORD}"},
    )
    secret: str = answer.json()["secret"]
    return secret


def run(
    home: Path, location: str, *options: str, secret: str | None = None
) -> tuple[int, int, str]:
    """The exit code of schemathesis, the number of its cases, and its output."""
    text = CONFIG.read_text()
    if secret is not None:
        text += f"\n[auth.openapi.secret]\nbearer = {json.dumps(secret)}\n"
    config = home / "schemathesis.toml"
    config.write_text(text)
    known = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [PROGRAM, "--config-file", config, "run", location, *options, "--no-color"],
        cwd=home,
        env={**known, **TABLES, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        timeout=220,
    )
    printed = done.stdout + done.stderr
    cases = re.search(r"(\d+) generated", printed)
    return done.returncode, int(cases[1]) if cases else 0, printed


@pytest.mark.parametrize(("right", "options", "least"), RUNS)
def test_every_operation_keeps_to_the_document(
    tmp_path: Path, right: str | None, options: tuple[str, ...], least: int
) -> None:
    with Server(data=tmp_path / "data", env=ENV, arguments=("--init", "--demo")) as server:
        secret = None if right is None else token(server, right)
        code, cases, printed = run(tmp_path, f"{server.url}/openapi.json", *options, secret=secret)
        assert code == 0, printed
        assert cases >= least, printed
        assert "Traceback" not in server.log


LIES = ["status", "shape", "secret"]


def test_every_tag_is_in_a_run() -> None:
    tags = {word for run_ in RUNS for word in run_.values[1]}
    assert {tag["name"] for tag in openapi.TAGS} <= tags


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_document_is_found(tmp_path: Path, lie: str) -> None:
    with Server(data=tmp_path / "data", env=ENV, arguments=("--init", "--demo")) as server:
        document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
        if lie == "status":
            path = "/api/inventory/release"
            del document["paths"][path]["post"]["responses"]["404"]
        elif lie == "shape":
            path = "/api/inventory/get"
            product = document["components"]["schemas"]["ListedProduct"]
            product["properties"]["name"] = {"type": "integer"}
        else:
            path = "/api/shop"
            document["paths"][path]["get"]["security"] = [{"secret": []}]
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(document))
        options = [
            "--url",
            server.url,
            "--include-path",
            path,
            "--max-examples",
            "3",
            "--no-shrink",
            "--phases",
            "examples,fuzzing",
        ]
        code, _, printed = run(tmp_path, str(file), *options, secret=token(server, "admin"))
        assert code == 1, printed
