"""`fancymonkey job`: runs a scheduled job by hand or from an external scheduler."""

import re
from datetime import datetime
from typing import Any

import click
import msgspec

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import (
    choose_store,
    data_option,
    emit,
    json_option,
    opened,
    run,
)
from fancymonkey.core.payments.rows import JobRun
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.job_names import present_job
from fancymonkey.engine.job_runs import recent_runs
from fancymonkey.errors import ConfigError, StoreLocked, StoreUnavailable
from fancymonkey.jobs.executor import FAILED, JobRunning
from fancymonkey.services.container import Services, opened_services
from fancymonkey.services.job_definitions import unknown_job_text
from fancymonkey.settings.settings import Settings


@click.group()
def job() -> None:
    """List the jobs of the service, or run one now."""


@job.command("list")
@data_option
@json_option
def list_jobs(data: str | None, as_json: bool) -> None:
    """List the jobs with their last run and its outcome."""
    choose_store(data)
    rows = run(_list(Settings.load()))
    if as_json:
        emit({"jobs": rows})
        return
    for row in rows:
        last = row["last"]
        came = "never ran" if last is None else f"{last['startedAt']}  {last['outcome']}"
        click.echo(f"{row['job']:<18}{came}\n{'':<18}{row['about']}")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with opened(settings.target, read_only=True) as store:
        services = Services(Engine(store), settings)
        latest = await recent_runs(store)
        await services.close()
    return [
        {
            "job": job.name,
            "about": job.about,
            "last": _last(latest.get(job.name, [])),
        }
        for job in services.jobs.jobs.values()
    ]


def _last(runs: list[JobRun]) -> dict[str, Any] | None:
    if not runs:
        return None
    row = runs[0]
    began = datetime.fromtimestamp(row.started_at / 1000).astimezone()
    return {
        "startedAt": began.isoformat(timespec="seconds"),
        "tookMs": row.took,
        "outcome": row.outcome,
        "report": msgspec.Raw(row.report.encode()),
    }


@job.command("run")
@click.argument("name")
@data_option
@click.option("--url", metavar="URL", help="URL of the running server. [the address of `serve`]")
@json_option
def run_job(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Run a job now.

    If a running server uses the store, the server runs the job: it is called over HTTP with
    CRON_SECRET or ADMIN_PASSWORD. Exits with 1 if the job fails.
    """
    choose_store(data)
    settings = Settings.load()
    outcome = run(_run(settings, url, name))
    if as_json:
        emit(outcome)
    else:
        click.echo(outcome["message"] or outcome["outcome"])
    if outcome["outcome"] == FAILED:
        raise SystemExit(1)


async def _run(settings: Settings, url: str | None, name: str) -> dict[str, Any]:
    name = present_job(name)
    path = f"/api/cron/{name}"
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name):
        raise ConfigError("This is not the name of a job. Run `fancymonkey job list`.")
    if url is not None:
        return await ask(settings, url, path)
    try:
        return await _in_own_store(settings, name)
    except StoreLocked:
        return await ask(settings, address(settings), path)


async def _in_own_store(settings: Settings, name: str) -> dict[str, Any]:
    async with opened_services(settings) as services:
        jobs = services.jobs
        if name not in jobs.jobs:
            raise ConfigError(unknown_job_text(jobs, name))
        try:
            ran = await jobs.run(jobs.jobs[name], since=services.engine.opened_at)
        except JobRunning as error:
            raise StoreUnavailable(f"{error} Wait until it has finished.") from None
    return {
        "success": ran.done.outcome != FAILED,
        "job": name,
        "outcome": ran.done.outcome,
        "message": ran.done.message,
        "tookMs": ran.run.took,
        "report": ran.done.report,
    }
