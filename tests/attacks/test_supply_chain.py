"""Images, actions and packages are pinned, so that their content cannot be replaced."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses:\s*(\S+)(.*)", path.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.search(r"# v\d+\.\d+\.\d+", comment), f"{action}: name its version"


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")))
def test_every_part_has_a_version_and_hashes(path: Path) -> None:
    lines = path.read_text().replace("\\\n", " ").splitlines()
    parts = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert parts
    for part in parts:
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", part), part
        assert "--hash=sha256:" in part, part


def test_a_new_environment_has_the_pip_that_is_audited() -> None:
    installed, audited = (
        (ROOT / "requirements" / name).read_text() for name in ("pip.txt", "audit.txt")
    )
    pinned = installed[installed.index("pip==") :].strip()
    assert pinned in audited


def test_a_new_environment_begins_with_the_pinned_pip_and_no_setuptools(tmp_path: Path) -> None:
    """The script runs with a fake Python that records the requested packages."""
    asked = tmp_path / "asked"
    fake = tmp_path / "python"
    fake.write_text(
        f"""#!/bin/sh
case "$*" in
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *) echo "$*" >>{asked} ;;
esac
"""
    )
    fake.chmod(0o755)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    script = ROOT / "scripts" / "make-venv.sh"
    subprocess.run(["sh", script, "venv", fake], cwd=tmp_path, check=True)
    calls = asked.read_text()
    assert "install -q --upgrade --require-hashes --no-deps -r requirements/pip.txt" in calls
    assert "uninstall -q -y setuptools" in calls
