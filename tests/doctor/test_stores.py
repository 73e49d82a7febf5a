"""Findings in shops with a problem, on real stores."""

import json
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fancymonkey import examples
from fancymonkey.core.catalogue.products import EditFields
from fancymonkey.core.command import Command
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.execute import RecordEvent
from fancymonkey.core.holds.end import Capture
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.core.records import RecordRun
from fancymonkey.core.stock.adjust import Count
from fancymonkey.doctor.checks import DoctorFinding
from fancymonkey.doctor.examine import Examination, examine, repair_findings
from fancymonkey.engine.migration.markers import COPY, MOVED, CopyMarker, MovedTo, draft
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store
from fancymonkey.store.sql.migrations import migrations
from tests.support.ports import free_port

M = "prod_hoodie_001/M"
HOUR = 3_600_000
NOW = 1_759_838_400_000
FRESH = {"password.missing", "stripe.missing", "backup.never", "server.stopped"}
"""The notes of a new shop, none of them a finding."""


async def written(name: str, *commands: Command, at: int = NOW) -> None:
    store = open_store(name)
    await store.open(at)
    try:
        await store.run(commands, at, 0)
    finally:
        await store.close()


async def made(name: str) -> str:
    await written(name, *examples.commands())
    return name


async def examined_at(name: str, now: int, **settings: Any) -> Examination:
    base = Settings.of(database_url=name) if "://" in name else Settings.of(data_dir=name)
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    return await examine(base.changed(**settings), url, clock=lambda: now)


async def examined(name: str, now: int = NOW, **settings: Any) -> Examination:
    """At the time of the test, which differs from the clock of a database."""
    report = await examined_at(name, now, **settings)
    report.findings = [finding for finding in report.findings if finding.id != "clock.skew"]
    return report


def ids(findings: Sequence[DoctorFinding]) -> set[str]:
    return {finding.id for finding in findings}


@pytest.fixture(params=["json", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The sample catalogue in every store that keeps its data."""
    match request.param:
        case "json":
            return await made(str(tmp_path / "shop"))
        case "sqlite":
            return await made(f"sqlite:///{tmp_path}/shop.db")
        case _:
            return await made(str(request.getfixturevalue("migrated_url")))


@pytest.fixture
async def files(tmp_path: Path) -> str:
    """The sample catalogue in a folder."""
    return await made(str(tmp_path / "shop"))


@pytest.fixture
async def sqlite(tmp_path: Path) -> str:
    """The sample catalogue in SQLite."""
    return await made(f"sqlite:///{tmp_path}/shop.db")


async def test_a_sound_shop_is_healthy(shop: str) -> None:
    report = await examined(shop)
    assert report.findings == []
    assert ids(report.notes) >= FRESH


async def test_an_abandoned_hold_is_ended(shop: str) -> None:
    reserve = Reserve(
        reservation_id="r",
        location=DEFAULT_LOCATION,
        session_id="temp_1",
        lines=(Line(M, 2),),
        ttl=1000,
    )
    await written(shop, reserve)
    report = await examined(shop, NOW + HOUR)
    assert ids(report.findings) == {"holds.stuck"}
    await repair_findings(report)
    assert "1 hold ended." in report.repaired
    assert (await examined(shop, NOW + HOUR)).findings == []


async def test_why_a_page_shows_out_of_stock(shop: str) -> None:
    lines = (Line(M, 20),)
    await written(
        shop,
        Reserve(
            reservation_id="r",
            location=DEFAULT_LOCATION,
            session_id="temp_1",
            lines=lines,
            ttl=2 * HOUR,
        ),
    )
    notes = {note.id: note for note in (await examined(shop)).notes}
    assert M in notes["stock.held"].problem
    assert "prod_pants_002/S" in notes["stock.switched_off"].problem
    assert "temp_" in notes["holds.guessable"].problem


async def test_less_on_the_shelf_than_is_promised(shop: str) -> None:
    lines = (Line(M, 5),)
    reserve = Reserve(
        reservation_id="r", location=DEFAULT_LOCATION, session_id="s", lines=lines, ttl=2 * HOUR
    )
    await written(shop, reserve, Count(sku=M, location=DEFAULT_LOCATION, quantity=3))
    report = await examined(shop)
    assert ids(report.findings) == {"stock.short"}
    assert M in report.findings[0].problem


async def test_ids_of_stripe_that_are_used_twice(shop: str) -> None:
    sizes = ("prod_hoodie_001/S", "prod_cap_003/S/M")
    changes = [
        EditFields(key=sku, location=DEFAULT_LOCATION, fields=(("price_id", "p"), ("sku_id", "s")))
        for sku in sizes
    ]
    await written(shop, *changes)
    (finding,) = [
        finding for finding in (await examined(shop)).findings if finding.id.startswith("catalogue")
    ]
    assert finding.id == "catalogue.shared_id"
    assert "priceId p is used by" in finding.problem
    assert "skuId s is used by" in finding.problem


async def test_undecided_issues_are_kept(shop: str) -> None:
    reserve = Reserve(
        reservation_id="r",
        location=DEFAULT_LOCATION,
        session_id="s",
        lines=(Line(M, 20),),
        ttl=HOUR,
    )
    paid = Capture(ref="r", payment_id="cs_1")
    event = RecordEvent(event_id="evt_1", type="paid", object_id="cs_1", effect=paid)
    await written(shop, reserve, Count(sku=M, location=DEFAULT_LOCATION, quantity=3), event)
    assert "issues.forgotten" not in ids((await examined(shop, NOW + HOUR)).findings)
    report = await examined(shop, NOW + 25 * HOUR)
    assert "issues.forgotten" in ids(report.findings)
    assert (
        "cs_1"
        in next(finding for finding in report.findings if finding.id == "issues.forgotten").problem
    )


@pytest.mark.parametrize(
    ("type_", "days", "noticed"),
    [
        ("checkout.session.completed", 1, True),
        ("checkout.session.async_payment_succeeded", 6, True),
        ("checkout.session.completed", 8, False),
        ("checkout.session.expired", 1, False),
        ("charge.refunded", 1, False),
    ],
)
async def test_payments_that_name_no_hold_are_noticed(
    shop: str, type_: str, days: int, noticed: bool
) -> None:
    paid = Capture(ref="res_mistyped", payment_id="cs_9", actor="stripe")
    event = RecordEvent(event_id="evt_9", type=type_, object_id="cs_9", effect=paid)
    await written(shop, event)
    findings = (await examined(shop, NOW + days * 24 * HOUR)).findings
    named = [finding for finding in findings if finding.id == "payments.unknown_hold"]
    assert [finding.severity.value for finding in named] == ["warning"] * noticed
    assert all(
        "1 checkout session" in finding.problem and "cs_9" in finding.problem for finding in named
    )


async def test_a_silent_webhook_is_noticed_by_the_findings_of_reconciliation(shop: str) -> None:
    report = json.dumps({"corrected": ["missed checkout.session.completed of cs_1: captured"]})
    await written(shop, RecordRun(run=JobRun("reconcile", NOW - HOUR, 10, "corrected", report)))
    assert ids((await examined(shop)).findings) == {"webhook.silent"}
    assert (await examined(shop, NOW + 30 * HOUR)).findings == []


async def test_a_job_that_fails_and_a_backup_that_is_old(shop: str) -> None:
    await written(
        shop,
        RecordRun(run=JobRun("release-expired", NOW - HOUR, 10, "failed", "{}")),
        RecordRun(run=JobRun("backup", NOW - 72 * HOUR, 10, "done", "{}")),
    )
    report = await examined(shop)
    assert ids(report.findings) == {"job.failed", "backup.old"}
    assert (
        "3 days"
        in next(finding for finding in report.findings if finding.id == "backup.old").problem
    )


async def test_backups_that_fail_do_not_make_the_last_one_younger(shop: str) -> None:
    await written(
        shop,
        RecordRun(run=JobRun("backup", NOW - 72 * HOUR, 10, "done", "{}")),
        RecordRun(run=JobRun("backup", NOW - HOUR, 10, "failed", "{}")),
    )
    assert ids((await examined(shop)).findings) == {"job.failed", "backup.old"}


async def test_a_job_that_works_again_is_well(shop: str) -> None:
    """One run without findings is kept for each hour, with the hour as its time: before the
    failure.
    """
    began = NOW // HOUR * HOUR
    stands = DocumentWrite(
        "jobs",
        "release-expired",
        f'{{"started_at":{began + 9},"ended_at":{began + 10},"outcome":"nothing"}}',
    )
    await written(
        shop,
        RecordRun(run=JobRun("release-expired", began + 5, 1, "failed", "{}")),
        RecordRun(run=JobRun("release-expired", began, 1, "nothing", "{}")),
        PutDocuments(drafts=(stands,)),
    )
    assert (await examined(shop)).findings == []


async def test_jobs_that_were_never_requested_are_found(shop: str) -> None:
    report = await examined(shop, run_jobs=False, cron_secret="tick")
    assert ids(report.findings) == {"jobs.silent"}


async def test_an_edit_by_hand_is_reported(files: str) -> None:
    path = Path(files, "products.json")
    path.write_text(path.read_text().replace('"stock": 20', '"stock": 19', 1))
    report = await examined(files)
    assert report.findings == []
    assert "file.edited" in ids(report.notes)


async def test_a_file_that_does_not_parse_is_refused(files: str) -> None:
    Path(files, "products.json").write_text('[{"id": "p",}]')
    (finding,) = (await examined(files)).findings
    assert finding.id == "file.refused"
    assert "line 1" in finding.problem


async def test_an_invalid_first_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    folder.joinpath("products.json").write_text('[{"id": "p"},\n {"id": "p"}]')
    (finding,) = (await examined(str(folder))).findings
    assert finding.id == "file.refused"
    assert "line 2" in finding.problem


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        (MOVED, MovedTo("postgresql://there/shop", "m"), "store.moved"),
        (COPY, CopyMarker("postgresql://there/copied", "m"), "store.unfinished"),
    ],
)
async def test_a_store_that_the_shop_does_not_live_in(
    shop: str, name: str, value: MovedTo | CopyMarker, id_: str
) -> None:
    await written(shop, PutDocuments(drafts=(draft(name, value),)))
    (finding,) = (await examined(shop, NOW + HOUR)).findings
    assert finding.id == id_
    assert "://there" in finding.problem


async def test_leftovers_of_a_crash_are_removed(files: str) -> None:
    left = Path(files, "state", ".products.json.1-0.tmp")
    left.write_text("half")
    left.chmod(0o600)
    os.utime(left, (0, 0))
    Path(files, "products.rescued-3.json").write_text("[]")
    report = await examined(files)
    assert ids(report.findings) == {"file.rescued"}
    assert "file.leftovers" in ids(report.notes)
    await repair_findings(report)
    assert not left.exists()


async def test_a_shop_that_has_outgrown_its_file(tmp_path: Path) -> None:
    sizes = {f"{number}": {"stock": 1} for number in range(501)}
    catalogue = [{"id": name, "name": name, "sizes": sizes} for name in ("a", "b")]
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "products.json").write_text(json.dumps(catalogue))
    await written(str(folder))
    (finding,) = (await examined(str(folder))).findings
    assert finding.id == "store.outgrown"
    assert "1002 sizes" in finding.problem


async def test_a_changed_ledger_is_found(sqlite: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("UPDATE entry SET on_hand = on_hand + 1 WHERE revision = 4")
        database.commit()
    (finding,) = (await examined(sqlite)).findings
    assert finding.id == "books.wrong"


async def test_changed_tables_are_found(sqlite: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        ((sql,),) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'level'")
        database.execute("ALTER TABLE level RENAME TO old")
        database.execute(sql.replace("CHECK (reserved >= 0)", ""))
        database.execute("INSERT INTO level SELECT * FROM old")
        database.execute("DROP TABLE old")
        database.commit()
    (finding,) = (await examined(sqlite)).findings
    assert finding.id == "database.altered"
    assert "level_reserved_check" in finding.problem


@pytest.mark.postgres
async def test_changed_tables_of_postgresql_are_found(migrated_url: str) -> None:
    await made(migrated_url)
    database = await asyncpg.connect(migrated_url)
    await database.execute("ALTER TABLE level DROP CONSTRAINT never_oversold")
    await database.close()
    (finding,) = (await examined(migrated_url)).findings
    assert finding.id == "database.altered"
    assert "never_oversold" in finding.problem


async def database_time(url: str) -> int:
    database = await asyncpg.connect(url)
    now: int = await database.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint")
    await database.close()
    return now


@pytest.mark.postgres
async def test_two_clocks_that_differ(migrated_url: str) -> None:
    await made(migrated_url)
    there = await database_time(migrated_url)
    assert (await examined_at(migrated_url, there)).findings == []
    report = await examined_at(migrated_url, there - HOUR)
    (finding,) = [finding for finding in report.findings if finding.id == "clock.skew"]
    went_on = (await database_time(migrated_url) - there) / 1000
    seconds = re.search(r" \+([0-9.]+) s ", finding.problem)
    assert seconds is not None, finding.problem
    assert 3599.9 <= float(seconds[1]) <= 3600.1 + went_on


async def test_a_database_that_is_behind_is_brought_up(sqlite: str, tmp_path: Path) -> None:
    last = migrations("sqlite")[-1]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("DELETE FROM migration WHERE number = ?", (last.number,))
        for table in re.findall(r"CREATE TABLE (\w+)", last.sql):
            database.execute(f"DROP TABLE {table}")
        for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", last.sql):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        database.commit()
    report = await examined(sqlite)
    assert ids(report.findings) == {"database.behind"}
    await repair_findings(report)
    assert report.repaired == ["The database has every migration now."]
    assert (await examined(sqlite)).findings == []


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("nowhere", "store.unavailable"),
        ("sqlite:///nowhere.db", "store.unavailable"),
        ("postgresql://nobody@127.0.0.1:1/none", "store.unavailable"),
    ],
)
async def test_a_store_that_does_not_exist(
    name: str, id_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ids((await examined(name)).findings) == {id_}
