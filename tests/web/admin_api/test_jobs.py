"""Jobs over HTTP."""

import asyncio

import pytest

from fancymonkey.errors import StoreUnavailable
from fancymonkey.jobs.job import Job, JobResult
from tests.web.shops import CRON, PASSWORD, TTL, Shop

OWNER = {"Authorization": f"Bearer {PASSWORD}"}
RELEASE = "/api/inventory/release"
SCHEDULER = {"Authorization": f"Bearer {CRON}"}


def add(shop: Shop, name: str, work: object) -> None:
    jobs = shop.client.app._shop.jobs.jobs
    jobs[name] = Job(name, "", work)  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", [OWNER, SCHEDULER])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_scheduler_elsewhere_runs_a_job(
    any_shop: Shop, method: str, secret: dict[str, str]
) -> None:
    await any_shop.reserve("cs_1")
    any_shop.clock.now += TTL + 1
    answer = await any_shop.client.request(method, "/api/cron/release-expired", headers=secret)
    assert answer.status == 200, answer
    assert answer.json["job"] == "release-expired"
    assert (
        await any_shop.client.request(method, "/api/cron/release-expired", headers=secret)
    ).status == 200
    runs = (await any_shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert {run["job"] for run in runs} == {"release-expired"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_no_other_caller_does(shop: Shop, headers: dict[str, str]) -> None:
    for job in ("release-expired", "nonsense"):
        assert (await shop.client.get(f"/api/cron/{job}", headers)).status == 401
    assert "'job'" not in await shop.stored_text()


async def test_there_is_no_such_job(shop: Shop) -> None:
    answer = await shop.client.post("/api/cron/dig", headers=SCHEDULER)
    assert (answer.status, answer.code) == (404, "unknown_job")
    assert "release-expired" in answer.json["detail"]


async def test_a_job_without_its_setting_names_the_setting(shop: Shop) -> None:
    answer = await shop.client.get("/api/cron/commit-catalogue", SCHEDULER)
    assert (answer.status, answer.code) == (404, "unknown_job")
    assert "needs BACKUP_GIT=on" in answer.json["detail"]


async def test_two_at_once_run_once(shop: Shop) -> None:
    done = []

    async def slow() -> JobResult:
        await asyncio.sleep(0.01)
        done.append(1)
        return JobResult()

    add(shop, "slow", slow)
    answers = await asyncio.gather(
        *[shop.client.get("/api/cron/slow", SCHEDULER) for _ in range(5)]
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"job_running"}
    assert done == [1]


async def test_a_failed_job_is_reported_and_stored(shop: Shop) -> None:
    async def away() -> JobResult:
        raise StoreUnavailable("secret address")

    async def broken() -> JobResult:
        raise ZeroDivisionError("secret number")

    add(shop, "away", away)
    add(shop, "broken", broken)
    first = await shop.client.get("/api/cron/away", SCHEDULER)
    second = await shop.client.get("/api/cron/broken", SCHEDULER)
    assert (first.status, first.code) == (503, "unavailable")
    assert (second.status, second.code) == (503, "job_failed")
    assert b"secret" not in first.body + second.body
    runs = (await shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert {(run["job"], run["outcome"]) for run in runs} == {
        ("broken", "failed"),
        ("away", "failed"),
    }
    for job, expected in (("away", ["away"]), ("nonsense", [])):
        runs = (await shop.client.get(f"/api/payments/runs?job={job}", OWNER)).json["runs"]
        assert [run["job"] for run in runs] == expected


async def test_the_release_of_due_holds_is_the_job(any_shop: Shop) -> None:
    await any_shop.reserve("cs_1", quantity=2)
    await any_shop.reserve("cs_2", quantity=1)
    any_shop.clock.now += TTL + 1
    answers = await asyncio.gather(
        *(any_shop.client.get(RELEASE, SCHEDULER) for _ in range(3)),
        any_shop.client.post(RELEASE, {"releaseExpired": True}),
    )
    assert [answer.status for answer in answers] == [200] * 4, answers
    assert {answer.json["released"] for answer in answers} == {2}
    assert answers[-1].json["reservations"] == []  # an id gives access to the hold
    lines = [row["lines"][0]["quantity"] for row in answers[0].json["reservations"]]
    assert sorted(lines) == [1, 2]
    runs = (await any_shop.client.get("/api/payments/runs", OWNER)).json["runs"]
    assert [(row["job"], row["outcome"], len(row["report"]["ended"])) for row in runs] == [
        ("release-expired", "done", 2)
    ]
    again = (await any_shop.client.get(RELEASE, SCHEDULER)).json
    assert (again["released"], again["message"]) == (0, "Released 0 expired holds")
