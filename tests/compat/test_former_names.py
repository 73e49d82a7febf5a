"""Stores of the first format have events and jobs with former names; they get the present names.

The data has an event `matter.opened`. Webhooks, runs and job states with former names are written
in the form of the first version.
"""

import json
from typing import Any

import pytest

from fancymonkey.alerts import event_texts
from fancymonkey.alerts.event_texts import issue_event
from fancymonkey.alerts.events import AlertEvent
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.payments.rows import JobRun, PaymentIssue
from fancymonkey.core.records import RecordRun
from fancymonkey.engine.demand.turned_away import HOUR
from fancymonkey.engine.job_runs import recent_runs
from tests.compat.test_first_format import OWNER, facts, kind, opened, target
from tests.web.shops import Shop

__all__ = ["facts", "kind", "target"]

WEBHOOK = {
    "url": "https://erp.example/stock",
    "events": ["stock.back", "matter.opened", "books.mended", "store.trouble", "stock.low"],
    "description": "",
    "secrets": [{"text": "whsec_0001", "ends_at": None}],
    "created_at": 1,
    "active": True,
    "failing_since": None,
    "off_because": "",
}
PRESENT = [
    *("stock.restocked", "payment_issue.opened", "reconciliation.corrected", "store.unhealthy"),
    "stock.low",
]
WAITING = {
    "target": "whk_0001",
    "happening": {
        "id": "evt_0001",
        "type": "matter.opened",
        "at": 1,
        "title": "Late payment",
        "text": "",
        "data": {"matterId": "late_payment:res_1", "concern": "late_payment"},
    },
    "madeAt": 1,
    "due": 1,
    "state": "waiting",
    "tries": 0,
    "attempts": [],
}


async def put(shop: Shop, folder: str, name: str, body: Any) -> None:
    """A document as an earlier version has written it."""
    write = DocumentWrite(folder, name, json.dumps(body))
    await shop.engine.submit(PutDocuments(drafts=(write,)))


async def test_a_webhook_keeps_its_events_under_present_names(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        await put(shop, "webhooks", "whk_0001", WEBHOOK)
    async with opened(target, facts) as shop:
        rows = (await shop.client.get("/api/admin/webhooks", OWNER)).json["webhooks"]
        (row,) = [row for row in rows if row["id"] == "whk_0001"]
        assert row["events"] == PRESENT
        alerts = shop.client.app._shop.alerts
        (webhook,) = [t for t in await alerts.webhooks.targets() if t.name == "whk_0001"]
        assert webhook.types == set(PRESENT)
        changed = await shop.client.post(
            "/api/admin/webhooks/change",
            {"id": "whk_0001", "events": ["stock.back", "stock.low"]},
            OWNER,
        )
        assert changed.status == 200, changed.body
        assert changed.json["webhook"]["events"] == ["stock.low", "stock.restocked"]


async def test_a_waiting_delivery_is_sent_under_its_present_names(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        await put(shop, "outbox", "dlv_0001", WAITING)
    async with opened(target, facts) as shop:
        outbox = shop.client.app._shop.alerts.outbox
        (stored,) = [row for row in await outbox.waiting.all() if row.name == "dlv_0001"]
        event = stored.value.event
        assert event.type == "payment_issue.opened"
        assert event.data == {"issueId": "late_payment:res_1", "concern": "late_payment"}
        assert event.sort.word == "Payment"
        await outbox.waiting.put(stored.name, stored.value, stored.version)
        again = await outbox.waiting.get("dlv_0001")
        assert again is not None
        assert again.value == stored.value


async def test_an_issue_is_not_reported_again(target: str, facts: Any) -> None:
    async with opened(target, facts) as shop:
        alerts = shop.client.app._shop.alerts
        (issue,) = [row async for row in shop.engine.store.scan(PaymentIssue)]
        before = {row.name: row.value.type for row in await alerts.outbox.happened.all()}
        if before:  # the first version has reported it: the same id, under its present name
            assert before[issue_event(issue)] == "payment_issue.opened"
        await alerts.once()
        await alerts.once()
        after = {row.name: row.value.type for row in await alerts.outbox.happened.all()}
        assert after == before


@pytest.mark.parametrize(
    ("former", "present"), [("tidy", "release-expired"), ("versions", "commit-catalogue")]
)
async def test_runs_of_a_job_are_listed_under_its_present_name(
    target: str, facts: Any, former: str, present: str
) -> None:
    at = facts["writtenAt"] // HOUR * HOUR - 2 * HOUR
    async with opened(target, facts) as shop:
        await shop.engine.submit(RecordRun(run=JobRun(former, at, 5, "done", '{"ended":["r"]}')))
    async with opened(target, facts) as shop:
        later = JobRun(present, at + HOUR, 7, "nothing", "{}")
        await shop.engine.submit(RecordRun(run=later))
        listed = (await shop.client.get(f"/api/payments/runs?job={former}", OWNER)).json["runs"]
        assert [(run["job"], run["tookMs"]) for run in listed] == [(present, 7), (present, 5)]
        same = (await shop.client.get(f"/api/payments/runs?job={present}", OWNER)).json["runs"]
        assert same == listed
        runs = await recent_runs(shop.engine.store, 2)
        assert former not in runs
        assert [run.took for run in runs[present]] == [7, 5]
        assert (await recent_runs(shop.engine.store))[present] == [later]


async def test_a_corrected_reconciliation_is_read_under_its_present_outcome(
    target: str, facts: Any
) -> None:
    at = facts["writtenAt"] - 60_000
    report = {"outcome": "mended", "events": 1, "mended": ["cs_1"], "open": []}
    former = JobRun("reconcile", at, 5, "mended", json.dumps(report))
    async with opened(target, facts) as shop:
        await shop.engine.submit(RecordRun(run=former))
        state = {"started_at": at, "ended_at": at + 5, "outcome": "mended", "attempts": 1}
        await put(shop, "jobs", "reconcile", state)
    async with opened(target, facts) as shop:
        rows = (await shop.client.get("/api/payments/runs?job=reconcile&limit=1", OWNER)).json
        (row,) = rows["runs"]
        present = {"outcome": "corrected", "events": 1, "corrected": ["cs_1"], "open": []}
        assert (row["outcome"], row["report"]) == ("corrected", present)
        (run,) = (await recent_runs(shop.engine.store))["reconcile"]
        assert (run.started_at, run.outcome) == (at, "corrected")
        overview = (await shop.client.get("/api/admin/overview", OWNER)).json
        assert overview["health"]["reconcile"]["outcome"] == "corrected"
        event = event_texts.run(run)
        assert event is not None
        assert event.title == "Reconciliation with Stripe: 1 corrected"


def test_a_stored_event_about_a_reconciliation_gets_its_present_names() -> None:
    report = {"outcome": "mended", "mended": ["cs_1"], "open": []}
    data = {"job": "reconcile", "outcome": "mended", "report": report}
    event = AlertEvent("evt_1", "books.mended", 1, "Reconciliation", data=data)
    present = {"outcome": "corrected", "corrected": ["cs_1"], "open": []}
    assert event.data == {"job": "reconcile", "outcome": "corrected", "report": present}


async def test_a_job_continues_from_the_state_under_its_former_name(
    target: str, facts: Any
) -> None:
    at = facts["writtenAt"] - 60_000
    state = {"started_at": at, "ended_at": at + 5, "outcome": "done", "attempts": 1}
    async with opened(target, facts) as shop:
        schedule = shop.client.app._shop.jobs.jobs["release-expired"].when
        now = schedule.slot(shop.clock())
        await put(shop, "jobs", "tidy", {"slot": now, **state})
    async with opened(target, facts) as shop:
        jobs = shop.client.app._shop.jobs
        slot = (await jobs.states())["release-expired"].value.slot
        assert slot == now
        assert "release-expired" not in [job.name for job, _ in await jobs.due()]
        (run,) = (await recent_runs(shop.engine.store))["release-expired"]
        assert run.started_at == at
        ran = await shop.client.post("/api/cron/tidy", b"", OWNER)
        assert (ran.status, ran.json["job"]) == (200, "release-expired")
        ended = (await jobs.states())["release-expired"].value
        assert ended.started_at > at
        assert "tidy" not in {row["job"] for row in await _runs(shop)}


async def test_a_failing_job_is_not_reported_again_under_its_present_name(
    target: str, facts: Any
) -> None:
    at = facts["writtenAt"]
    async with opened(target, facts) as shop:
        await shop.client.app._shop.alerts.once()
        alerts = shop.client.app._shop.alerts
        seen = await alerts._watch._place.get("seen")
        assert seen is not None
        old = {"failing": ["tidy"], "failed": {"tidy": at}, "revision": seen.value.revision}
        await put(shop, "alerts", "seen", {**old, "since": seen.value.since, "at": at})
        await shop.engine.submit(RecordRun(run=JobRun("tidy", at, 5, "failed", "{}")))
        await put(shop, "jobs", "tidy", {"started_at": at, "ended_at": at, "outcome": "failed"})
    async with opened(target, facts) as shop:
        alerts = shop.client.app._shop.alerts
        await alerts.once()
        types = {row.value.type for row in await alerts.outbox.happened.all()}
        assert "job.failed" not in types


async def _runs(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.client.get("/api/payments/runs", OWNER)).json["runs"])
