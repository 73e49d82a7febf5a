"""A command finds the server that has the store, on whatever port it listens."""

from pathlib import Path

import pytest

from fancymonkey.store.shared.file_lock import FileLock, server_url
from tests.cli.conftest import Run, Write
from tests.support.server import Server
from tests.web.shops import PASSWORD


@pytest.mark.parametrize("kind", ["json", "sqlite"])
def test_a_command_finds_the_server_by_the_lock_of_the_store(
    cli: Run, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    monkeypatch.delenv("PORT", raising=False)
    place = tmp_path / "data"
    target = str(place) if kind == "json" else f"sqlite:///{place}/shop.db"
    with Server(data=target, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        assert server_url(target) == f"http://127.0.0.1:{server.port}"
        added = cli("location", "add", "berlin", "--name", "Berlin", "--data", target)
        assert added.output == "Berlin was added.\n"
        assert "berlin" in cli("location", "list", "--data", target).output
    assert server_url(target) == ""
    assert "berlin" in cli("location", "list", "--data", target).output


def test_a_lock_of_a_command_names_no_server(target: str, write: Write, tmp_path: Path) -> None:
    write()
    assert server_url(target) == ""
    lock = FileLock(tmp_path / "lock")
    lock.take(0)
    assert server_url(str(tmp_path)) == ""
    (tmp_path / "lock").write_bytes(b"no JSON")
    assert server_url(str(tmp_path)) == ""
    lock.free()


def test_other_stores_have_no_lock_file() -> None:
    assert server_url("postgresql://localhost/shop") == server_url("memory://") == ""
