"""`fancymonkey user`: accounts from the shell, and refused passwords."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fancymonkey import examples
from fancymonkey.accounts.model import Role
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import ConfigError
from fancymonkey.services import demo_payments
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings
from fancymonkey.store.in_memory.store import MemoryStore
from tests.cli.conftest import Run
from tests.support.server import Server

NEW = "six blue owls sing"


@pytest.fixture
def accounts_cli(cli: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ADMIN_PASSWORD", "correct horse")
    return cli


def user(cli: Run, *words: object, stdin: str = "") -> str:
    result = cli("user", *words, input=stdin)
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_accounts_on_a_stopped_store(accounts_cli: Run, shop: str) -> None:
    data = ("--data", shop)
    assert user(accounts_cli, "list", *data) == f"{'owner':<30}owner\n"
    assert (
        user(accounts_cli, "add", "Ada", "--role", "viewer", *data, stdin=f"{NEW}\n")
        == "ada now has the role viewer.\n"
    )
    assert user(accounts_cli, "role", "ada", "owner", *data) == "ada now has the role owner.\n"
    assert "The password of ada was changed" in user(
        accounts_cli, "password", "ada", *data, stdin=f"{NEW}!\n"
    )
    rows = json.loads(user(accounts_cli, "list", "--json", *data))["users"]
    assert [(row["name"], row["role"]) for row in rows] == [("ada", "owner"), ("owner", "owner")]
    assert user(accounts_cli, "remove", "owner", *data) == "owner was removed.\n"
    refused = accounts_cli("user", "remove", "ada", *data)
    assert (refused.exit_code, refused.output) == (
        1,
        "Error: This is the last owner. Add another owner first.\n",
    )


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (("add", "ada"), "short\n", "12 to 1024"),
        (("add", "ada"), "", "stdin"),
        (("add", "admin"), f"{NEW}\n", "name"),
        (("role", "nobody", "staff"), "", "No such user"),
        (("password", "nobody"), f"{NEW}\n", "No such user"),
        (("reset-factor", "owner"), "", "off"),
    ],
)
def test_impossible_arguments_are_one_line(
    accounts_cli: Run, shop: str, words: tuple[str, ...], stdin: str, says: str
) -> None:
    result = accounts_cli("user", *words, "--data", shop, input=stdin)
    assert result.exit_code == 1
    assert says in result.output
    assert len(result.output.splitlines()) == 1


def test_a_password_is_never_an_argument(accounts_cli: Run, shop: str) -> None:
    for words in (("add", "ada", "--password", NEW), ("password", "owner", NEW)):
        assert accounts_cli("user", *words, "--data", shop).exit_code == 2


def test_a_running_server_is_asked(
    accounts_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    with Server(data=tmp_path, env={"ADMIN_PASSWORD": "correct horse"}) as server:
        monkeypatch.setenv("PORT", str(server.port))
        data = ("--data", tmp_path)
        assert (
            user(accounts_cli, "add", "ada", *data, stdin=f"{NEW}\n")
            == "ada now has the role staff.\n"
        )
        assert "ada" in user(accounts_cli, "list", *data)
        assert (
            user(accounts_cli, "role", "ada", "viewer", "--url", server.url)
            == "ada now has the role viewer.\n"
        )
        refused = accounts_cli("user", "remove", "owner", *data)
        assert "last owner" in refused.output
        monkeypatch.setenv("ADMIN_PASSWORD", "")
        assert "Set ADMIN_PASSWORD" in accounts_cli("user", "list", *data).output


def started(tmp_path: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fancymonkey.cli", "serve", "--port", "0", *words],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_published_password_does_not_start_a_shop(tmp_path: Path) -> None:
    for words, env in (
        ((), {}),
        (("--host", "0.0.0.0"), {}),
        (("--demo", "--host", "0.0.0.0"), {}),
    ):
        done = started(tmp_path, *words, ADMIN_PASSWORD=PUBLISHED_PASSWORD, **env)
        assert done.returncode == 1
        assert "password of your own" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert PUBLISHED_PASSWORD not in done.stdout + done.stderr
    (tmp_path / ".env").write_text(f"ADMIN_PASSWORD={PUBLISHED_PASSWORD}\n")
    assert started(tmp_path).returncode == 1


def test_the_published_password_opens_a_demo_on_this_machine_only() -> None:
    for host, opens in (
        ("127.0.0.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ):
        settings = Settings.of(demo=True, host=host)
        _, changed = demo_payments.stand_in(Engine(MemoryStore()), settings)
        assert (changed.accounts.admin_password == PUBLISHED_PASSWORD) is opens
        own = Settings.of(demo=True, host=host, admin_password="correct horse")
        assert (
            demo_payments.stand_in(Engine(MemoryStore()), own)[1].accounts.admin_password
            == "correct horse"
        )
        if not opens:
            with pytest.raises(ConfigError):
                Settings.of(demo=True, host=host, admin_password=PUBLISHED_PASSWORD).check()


def test_every_role_can_be_given() -> None:
    from fancymonkey.commands.accounts.user import role_type

    assert list(role_type.choices) == list(Role)
