"""Checks the settings, without opening the store."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from fancymonkey.doctor.checks import DoctorFinding, Repair, error, note, warning
from fancymonkey.errors import ConfigError
from fancymonkey.settings.fields import PASSWORD_LEAST, PUBLISHED_PASSWORD, dotenv
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

ENV = Path(".env")
HOLD_LEAST = 60


def settings_of(env: Path = ENV) -> tuple[Settings | None, list[DoctorFinding]]:
    """The settings, or None and the finding about them."""
    try:
        return Settings.load(file=env), []
    except ConfigError as reason:
        return None, [_refused(env, str(reason))]


def _refused(env: Path, reason: str) -> DoctorFinding:
    try:
        values = {**dotenv(env), **os.environ}
    except ConfigError:
        values = dict(os.environ)
    password = values.get("ADMIN_PASSWORD", "").strip()
    if 0 < len(password) < PASSWORD_LEAST and "ADMIN_PASSWORD" in reason:
        return error(
            "password.weak", reason, "Set a longer one: until then the service does not start."
        )
    if password == PUBLISHED_PASSWORD:
        return error(
            "password.default",
            "ADMIN_PASSWORD is the one that was published with older versions: it is not secret.",
            "Set ADMIN_PASSWORD to a long password of your own; the service needs it to start.",
        )
    return error("settings.wrong", reason, "Correct it in the environment or in .env.")


def check_settings(settings: Settings, env: Path = ENV) -> Iterator[DoctorFinding]:
    """Checks for settings that are missing, weak or contradictory."""
    for sentence in settings.unknown_names:
        yield warning(
            "settings.unknown", sentence, "Rename the variable, or remove it, and start again."
        )
    yield from _secrets(settings)
    yield from _payments(settings)
    yield from _pages(settings)
    yield from _times(settings)
    if env.is_file() and env.stat().st_mode & 0o077:
        yield note(
            "settings.readable",
            ".env can be read by other users of this machine, and it may contain secrets.",
            "chmod 600 .env",
            _private(env),
        )


def _secrets(settings: Settings) -> Iterator[DoctorFinding]:
    password = settings.accounts.admin_password
    if password == PUBLISHED_PASSWORD:
        yield note(
            "password.default",
            "ADMIN_PASSWORD is the published one, which only a demo on this machine accepts.",
            "Set one of your own before others can reach the service.",
        )
    elif password is not None and len(password) < PASSWORD_LEAST:  # in a demo
        yield warning(
            "password.weak",
            f"ADMIN_PASSWORD has fewer than {PASSWORD_LEAST} characters and can be guessed.",
            "Set a long one: four unrelated words make a good password.",
        )
    elif password is None:
        yield note(
            "password.missing",
            "ADMIN_PASSWORD is not set: the owner's endpoints accept only accounts and keys.",
            "Set ADMIN_PASSWORD and start the service again.",
        )


def _payments(settings: Settings) -> Iterator[DoctorFinding]:
    secrets = settings.payments.stripe_webhook_secrets
    if settings.payments.stripe_secret_key is not None and not secrets:
        yield error(
            "webhook.secret",
            "STRIPE_WEBHOOK_SECRET is missing: every event of Stripe is refused, so payments reach "
            "the ledger by reconciliation only, minutes late.",
            "Copy the endpoint's signing secret (whsec_…) from Stripe's dashboard into it.",
        )
    for secret in secrets:
        if not secret.startswith("whsec_"):
            yield error(
                "webhook.secret",
                "STRIPE_WEBHOOK_SECRET is not a signing secret of Stripe: those begin with whsec_.",
                "Copy it again from the endpoint's page in Stripe's dashboard, not from API keys.",
            )
            break
    if settings.payments.stripe_secret_key is None and not settings.server.demo:
        yield note(
            "stripe.missing",
            "STRIPE_SECRET_KEY is not set: buyers can hold units, but not pay.",
            "Set it, or rehearse with `fancymonkey serve --demo`.",
        )


def _pages(settings: Settings) -> Iterator[DoctorFinding]:
    if settings.payments.shop_url is None:
        return
    parts = urlsplit(settings.payments.shop_url)
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if "*" not in settings.server.cors_origins and origin not in settings.server.cors_origins:
        yield warning(
            "cors.missing",
            f"SHOP_URL is on {origin}, which is not among CORS_ORIGINS: browsers there may not "
            "call this service, and the page shows no stock.",
            f"Add {origin} to CORS_ORIGINS, unless it is a proxy in front of this service.",
        )


def _times(settings: Settings) -> Iterator[DoctorFinding]:
    if settings.holds.reservation_ttl_seconds < HOLD_LEAST:
        yield warning(
            "holds.short",
            f"A hold lasts {counted(settings.holds.reservation_ttl_seconds, 'second')}: buyers "
            "lose their units while they type their address.",
            "Set RESERVATION_TTL_SECONDS to 1800, which is half an hour.",
        )
    if not settings.schedule.run_jobs and settings.accounts.cron_secret is None:
        yield warning(
            "jobs.nobody",
            "RUN_JOBS is off and CRON_SECRET is not set: no job can run.",
            "Switch RUN_JOBS on, or set CRON_SECRET and let your scheduler call /api/cron/….",
        )


def _private(env: Path) -> Repair:
    async def repair() -> str:
        await asyncio.to_thread(env.chmod, 0o600)
        return f"{env} can be read by its owner only."

    return repair
