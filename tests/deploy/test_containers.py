"""The image is small, runs as an unprivileged user, and copies only existing files.

No engine is needed: the test does the steps of the build without one.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from fancymonkey.settings.settings import declarations
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"
OURS = {setting.name for setting in declarations()}
OTHERS = {"PATH", "PYTHONUNBUFFERED", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT"}
OTHERS |= {"PYTHONDONTWRITEBYTECODE", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.M)
    text = re.sub(r"\\\n\s*", "", text)
    return [
        (line.split(None, 1)[0], line.split(None, 1)[1])
        for line in text.splitlines()
        if line.strip()
    ]


def stages() -> list[list[tuple[str, str]]]:
    parsed: list[list[tuple[str, str]]] = []
    for word, arguments in instructions():
        if word == "FROM":
            parsed.append([])
        parsed[-1].append((word, arguments))
    return parsed


def ignored(path: str) -> bool:
    """Whether .dockerignore leaves a path out: the last line that fits decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        if fnmatch(path, pattern) or path.startswith(pattern + "/") or pattern.startswith(path):
            out = not wanted
    return out


def test_copied_paths_exist_and_are_not_ignored() -> None:
    copied = [
        source
        for word, arguments in instructions()
        if word == "COPY" and not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source
    assert ignored("data")
    assert ignored(".env")
    assert ignored(".git")


def test_it_runs_without_rights_and_reports_its_health() -> None:
    last = dict(stages()[-1])
    assert int(last["USER"]) > 0
    assert json.loads(last["ENTRYPOINT"]) == ["fancymonkey"]
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert "HEALTHCHECK" in last


def test_settings_in_it_are_settings_of_ours() -> None:
    for word, arguments in instructions():
        if word == "ENV":
            names = {part.partition("=")[0] for part in shlex.split(arguments)}
            assert names <= OURS | OTHERS


def test_settings_in_compose_are_settings_of_ours() -> None:
    named = set(re.findall(r"^\s+([A-Z_]+): ", COMPOSE.read_text(), re.M))
    named |= set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert "DATABASE_URL" in named
    assert named <= OURS | OTHERS


def health() -> list[str]:
    command = dict(stages()[-1])["HEALTHCHECK"].partition("CMD ")[2]
    words: list[str] = json.loads(command)
    return [sys.executable, *words[1:]]


def test_its_health_is_that_of_the_service(tmp_path: Path) -> None:
    def check(port: int) -> int:
        env = {**os.environ, "PORT": str(port)}
        return subprocess.run(health(), env=env, capture_output=True, check=False).returncode

    with Server(data=tmp_path / "shop", arguments=["--init"]) as server:
        assert check(server.port) == 0
    assert check(server.port) != 0


@pytest.mark.slow
def test_the_wheel_has_every_file_and_runs_alone(tmp_path: Path) -> None:
    """The result of the build stage: the wheel, installed without the checkout."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*wheel, "-w", tmp_path, ROOT], check=True, timeout=120)
    (made,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        inside = {name for name in archive.namelist() if name.startswith("fancymonkey/")}
    ours = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "fancymonkey").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == ours
    alone = tmp_path / "alone"
    with zipfile.ZipFile(made) as archive:
        archive.extractall(alone)
    program = (sys.executable, "-m", "fancymonkey")
    env = {"PYTHONPATH": str(alone)}
    with Server(
        data=tmp_path / "shop", program=program, env=env, arguments=["--init", "--demo"]
    ) as server:
        assert server.url in server.log
    where = [sys.executable, "-c", "import fancymonkey; print(fancymonkey.__file__)"]
    process = subprocess.run(where, env=env, capture_output=True, text=True, check=True)
    assert process.stdout.startswith(str(alone))
