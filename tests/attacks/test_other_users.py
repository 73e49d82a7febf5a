"""Another user of the same machine tries to read or change the files of a store."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fancymonkey.doctor.permissions import check_permissions
from fancymonkey.examples import products_json
from fancymonkey.settings.settings import Settings
from fancymonkey.store.shared.permissions import OWNERS_FILES
from tests.support.program import run
from tests.support.server import Server

pytestmark = pytest.mark.slow

PASSWORD = "four words without sense"
NOBODY = 65534
AS_NOBODY = f"""
import os
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
from fancymonkey.cli import main
main()
"""
AS_ANOTHER = """
import os, sys
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
for path in sys.argv[1:]:
    for name, flags in (("read", os.O_RDONLY), ("write", os.O_WRONLY)):
        try:
            os.close(os.open(path, flags))
            print(name, path)
        except OSError:
            pass
    if os.path.isdir(path):
        try:
            os.listdir(path); print("list", path)
        except OSError:
            pass
"""
EXPECTED = (
    {"inventory-changes.log", "lock", "products.json"},
    {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db.lock"},
)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can enter, with nothing in it; the umask hides nothing."""
    before = os.umask(0)
    folder = Path(tempfile.mkdtemp(prefix="fm-open-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        os.umask(before)
        shutil.rmtree(folder)


def reached_by_another(place: Path) -> list[str]:
    """The rights of another user on the files below a folder, without the owner's files."""
    paths = [str(path) for path in place.rglob("*") if path.name not in OWNERS_FILES]
    assert paths
    code = AS_ANOTHER.format(uid=NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def too_wide(place: Path) -> dict[str, str]:
    """The files and folders whose rights let others in, for machines where we are not root."""
    return {
        str(path.relative_to(place)): oct(path.stat().st_mode)
        for path in place.rglob("*")
        if path.name not in OWNERS_FILES and path.stat().st_mode & 0o077
    }


def used(server: Server) -> None:
    """Logs in, which puts a session and the signing key into the store; changes stock."""
    login = {"name": "owner", "password": PASSWORD}
    assert httpx.post(f"{server.url}/api/admin/login", json=login).status_code == 200
    row = {"productId": "prod_hoodie_001", "size": "M", "stock": 40}
    answer = httpx.post(
        f"{server.url}/api/inventory/update", json={"updates": [row], "password": PASSWORD}
    )
    assert answer.status_code == 200, answer.text


def targets(place: Path) -> list[str]:
    return [str(place / "shop" / "data"), f"sqlite:///{place}/sql/shop.db"]


@root_only
@pytest.mark.parametrize("kind", [0, 1], ids=["json", "sqlite"])
def test_another_user_opens_nothing_of_a_running_store(place: Path, kind: int) -> None:
    target = targets(place)[kind]
    fancymonkey("init", "--data", target)
    made = {"data": target} if kind == 0 else {"database_url": target}
    with Server(**made, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        used(server)
        assert reached_by_another(place) == []
        assert too_wide(place) == {}
        names = {path.name for path in place.rglob("*") if path.is_file()}
        assert names >= EXPECTED[kind], names


def test_the_files_stay_private_over_a_restart_and_a_rotation(place: Path) -> None:
    target = place / "data"
    target.mkdir(0o755)
    (target / "products.json").write_bytes(products_json())
    with Server(data=target, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        used(server)
        server.stop()
        assert too_wide(place) == {"data": "0o40755"}  # the owner made it so
        server.start()
        used(server)
        assert too_wide(place) == {"data": "0o40755"}


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("kind", [0, 1], ids=["json", "sqlite"])
def test_backups_and_what_is_restored_are_private(place: Path, kind: int, portable: bool) -> None:
    target = targets(place)[kind]
    fancymonkey("init", "--data", target)
    backup = place / "kept.tar.gz"
    fancymonkey(*("backup", "--data", target, "--to", str(backup)), *["--portable"] * portable)
    fancymonkey("restore", "--from", str(backup), "--data", target, "--force")
    again = str(place / "again") if kind else f"sqlite:///{place}/again/other.db"
    if portable:
        fancymonkey("restore", "--from", str(backup), "--data", again)
    assert too_wide(place) == {}


def test_a_move_into_another_store_makes_private_files(place: Path) -> None:
    store_url, other = targets(place)
    fancymonkey("init", "--data", store_url)
    fancymonkey("migrate", "--from", store_url, "--to", other)
    assert too_wide(place) == {}


def test_versions_in_git_are_private(place: Path) -> None:
    data = place / "data"
    fancymonkey("init", "--data", str(data))
    with Server(data=data, env={"ADMIN_PASSWORD": PASSWORD, "BACKUP_GIT": "on"}) as server:
        used(server)
        server.stop()
    versions = data / ".git"
    assert oct(versions.stat().st_mode & 0o777) == "0o700"  # its content cannot be reached
    assert {name for name in too_wide(place) if not name.startswith("data/.git/")} == set()


def test_an_unusual_umask_locks_no_owner_out(place: Path) -> None:
    os.umask(0o777)
    fancymonkey("init", "--data", str(place / "data"))
    with_sql = f"sqlite:///{place}/sql/shop.db"
    fancymonkey("init", "--data", with_sql)
    os.umask(0)
    modes = {oct(path.stat().st_mode & 0o777) for path in place.rglob("*") if path.is_dir()}
    assert modes == {"0o700"}
    assert oct((place / "sql" / "shop.db").stat().st_mode & 0o777) == "0o600"


def test_products_json_keeps_the_rights_that_its_owner_gave_it(place: Path) -> None:
    data = place / "data"
    fancymonkey("init", "--data", str(data))
    file = data / "products.json"
    for mode in (0o664, 0o640, 0o600, 0o444, 0o644):
        file.chmod(mode)
        with Server(data=data, env={"ADMIN_PASSWORD": PASSWORD}) as server:
            used(server)
            server.stop()
        assert oct(file.stat().st_mode & 0o777) == oct(mode)
    backup = place / "kept.tar.gz"
    fancymonkey("backup", "--data", str(data), "--to", str(backup))
    file.chmod(0o664)
    fancymonkey("restore", "--from", str(backup), "--data", str(data), "--force")
    assert oct(file.stat().st_mode & 0o777) == oct(0o664)


@root_only
@pytest.mark.parametrize("kind", [0, 1], ids=["json", "sqlite"])
def test_a_command_of_another_user_gets_a_clear_error(place: Path, kind: int) -> None:
    target = targets(place)[kind]
    fancymonkey("init", "--data", target)
    for command in (("verify",), ("export",), ("doctor",), ("init",), ("user", "list")):
        done = run(
            [*command, "--data", target],
            script=AS_NOBODY,
            directory=place,
            environment={**os.environ, "HOME": str(place)},
        )
        assert done.returncode != 0, command
        assert "Traceback" not in done.stdout + done.stderr, (command, done.stderr)


@pytest.mark.parametrize("part", ["lock", "logs", "state", "logs/inventory-changes.log"])
def test_the_doctor_finds_what_an_older_version_left_open(place: Path, part: str) -> None:
    data = place / "data"
    fancymonkey("init", "--data", str(data))
    with Server(data=data, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        used(server)
        server.stop()
    settings = Settings.of(data_dir=str(data))
    assert list(check_permissions(settings)) == []
    path = data / part
    path.chmod(0o755 if path.is_dir() else 0o644)
    (finding,) = check_permissions(settings)
    assert finding.id == "store.readable"
    subprocess.run(finding.remedy, shell=True, check=True)  # the command that it names
    assert list(check_permissions(settings)) == []
    with Server(data=data, env={"ADMIN_PASSWORD": PASSWORD}) as server:
        assert "can open" not in server.log
        server.stop()
        path.chmod(0o755 if path.is_dir() else 0o644)
        server.start()
        assert f"other users of this machine can open {data}/{part.partition('/')[0]}" in server.log


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock", ".before-restore-20261130T000000Z"])
def test_the_doctor_finds_an_open_database_and_repairs_it(place: Path, end: str) -> None:
    file = place / "odd [name]*.db"
    settings = Settings.of(database_url=f"sqlite:///{file}")
    fancymonkey("init", "--data", f"sqlite:///{file}")
    other = Path(f"{file}{end}")
    other.touch()
    other.chmod(0o604)
    done = fancymonkey("doctor", "--data", f"sqlite:///{file}", "--json", fails=True)
    findings = {finding["id"]: finding for finding in json.loads(done)["findings"]}
    assert findings["store.readable"]["mend"].startswith("chmod ")
    fancymonkey("doctor", "--data", f"sqlite:///{file}", "--repair", fails=True)
    assert list(check_permissions(settings)) == []
    if other.exists():  # SQLite removes its companions when the last program closes the file
        assert other.stat().st_mode & 0o077 == 0


def test_the_doctor_finds_an_open_backup_and_no_other_file(place: Path) -> None:
    backup = place / "fancymonkey-20261130T010203Z-json.tar.gz"
    for path in (backup, place / "notes.txt"):
        path.touch()
        path.chmod(0o644)
    settings = Settings.of(data_dir=str(place / "none"), backup_to=str(place))
    (finding,) = check_permissions(settings)
    assert finding.id == "backup.readable"
    assert str(backup) in finding.remedy
    assert "notes" not in finding.remedy


def fancymonkey(*words: str, fails: bool = False) -> str:
    """Runs the program; returns what it printed."""
    done = run(words)
    assert fails or done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout
