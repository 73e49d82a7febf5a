"""The targets of backups and alerts."""

import os
from pathlib import Path
from typing import Any

import pytest

from fancymonkey.doctor.checks import Severity
from fancymonkey.doctor.paths import check_paths
from fancymonkey.settings.settings import Settings

SECRET = "hunter2hunter2"


def severities(tmp_path: Path, data: str | None = None, **settings: Any) -> dict[str, Severity]:
    base = Settings.of(data_dir=str(tmp_path)).changed(**settings)
    findings = list(check_paths(base, tmp_path if data is None else None))
    assert SECRET not in str(findings)
    return {finding.id: finding.severity for finding in findings}


def test_without_any_there_is_nothing_to_find(tmp_path: Path) -> None:
    assert severities(tmp_path) == {}


def test_an_alert_url_that_is_not_understood(tmp_path: Path) -> None:
    urls = ("json://127.0.0.1/x", f"nonsense://me:{SECRET}@there")
    assert severities(tmp_path, alert_urls=urls) == {"alerts.wrong": Severity.ERROR}
    assert severities(tmp_path, alert_urls=urls[:1]) == {}


def test_backups_beside_the_store(tmp_path: Path) -> None:
    assert severities(tmp_path, backup_to=str(tmp_path)) == {"backup.same_disk": Severity.NOTE}
    assert severities(tmp_path, data="elsewhere", backup_to=str(tmp_path)) == {}


def test_backups_that_cannot_be_written(tmp_path: Path) -> None:
    wrong = {"backup.place": Severity.ERROR}
    assert severities(tmp_path, backup_to=str(tmp_path / "none")) == wrong
    file = tmp_path / "file"
    file.touch()
    assert severities(tmp_path, backup_to=str(file)) == wrong


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_backups_in_a_folder_of_another_user(tmp_path: Path) -> None:
    tmp_path.joinpath("theirs").mkdir(mode=0o500)
    assert "backup.place" in severities(tmp_path, backup_to=str(tmp_path / "theirs"))


def test_git_versions_without_effect_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"backup.git": Severity.WARNING}
    assert severities(tmp_path, database_url="sqlite:///shop.db", backup_git=True) == wrong
    assert severities(tmp_path, backup_git=True) == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert severities(tmp_path, backup_git=True) == wrong
