"""`fancymonkey job`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fancymonkey import examples
from tests.cli.conftest import Run
from tests.support.server import Server


def test_jobs_are_listed_before_and_after_they_ran(cli: Run, shop: str) -> None:
    assert "release-expired   never ran" in cli("job", "list", "--data", shop).output
    assert cli("job", "run", "release-expired", "--data", shop).output == "No expired holds.\n"
    rows = json.loads(cli("job", "list", "--data", shop, "--json").output)["jobs"]
    assert {row["job"] for row in rows} >= {"release-expired", "retention"}
    assert cli("job", "run", "tidy", "--data", shop).output == "No expired holds.\n"
    (released,) = [row for row in rows if row["job"] == "release-expired"]
    assert released["last"]["outcome"] == "nothing"
    began = datetime.fromisoformat(released["last"]["startedAt"])
    assert abs(datetime.now(UTC) - began) < timedelta(minutes=1)  # and not its time


def test_an_unknown_job_is_refused_in_one_line(cli: Run, shop: str) -> None:
    for name in ("dig", "../update", "release--expired"):
        result = cli("job", "run", name, "--data", shop)
        assert result.exit_code == 1
        assert "job" in result.output
        assert len(result.output.splitlines()) == 1


def test_a_running_server_is_asked(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "products.json").write_bytes(examples.products_json())
    with Server(data=tmp_path, env={"CRON_SECRET": "tick"}) as server:
        monkeypatch.setenv("CRON_SECRET", "tick")
        monkeypatch.setenv("PORT", str(server.port))
        assert (
            cli("job", "run", "release-expired", "--data", tmp_path).output == "No expired holds.\n"
        )
        refused = cli("job", "run", "dig", "--url", server.url)
        assert refused.exit_code == 1
        assert "No such job" in refused.output
        assert "release-expired   20" in cli("job", "list", "--data", tmp_path).output
