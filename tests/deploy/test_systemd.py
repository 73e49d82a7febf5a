"""The unit file is valid for systemd, hardened, and uses our settings."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fancymonkey.commands.operation.serve import STOP_SECONDS
from fancymonkey.settings.settings import declarations

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "fancymonkey.service"
OURS = {setting.name for setting in declarations()}


def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_settings_in_it_are_settings_of_ours() -> None:
    names = {part.partition("=")[0] for part in service()["Environment"].split()}
    assert names - {"PYTHONUNBUFFERED"} <= OURS


def test_it_waits_for_what_was_accepted() -> None:
    assert int(service()["TimeoutStopSec"]) > 2 * STOP_SECONDS
    assert service()["KillSignal"] == "SIGTERM"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_it(tmp_path: Path) -> None:
    program = tmp_path / "fancymonkey"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/opt/fancymonkey/bin/fancymonkey", str(program))
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert "fancymonkey" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    exposure = re.search(r"Overall exposure level.*: ([\d.]+)", done.stdout)
    assert exposure is not None, done.stdout + done.stderr
    assert float(exposure[1]) <= 2.0
