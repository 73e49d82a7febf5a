"""Findings from the settings alone."""

from pathlib import Path

import pytest

from fancymonkey.doctor.checks import Severity
from fancymonkey.doctor.settings import check_settings, settings_of
from fancymonkey.settings.settings import Settings

CASES: dict[str, tuple[dict[str, str], str, Severity]] = {
    "no password": ({}, "password.missing", Severity.NOTE),
    "a short password in a demo": (
        {"ADMIN_PASSWORD": "monkey", "DEMO": "on"},
        "password.weak",
        Severity.WARNING,
    ),
    "the published password in a demo": (
        {"ADMIN_PASSWORD": "fancymonkey2024", "DEMO": "on"},
        "password.default",
        Severity.NOTE,
    ),
    "a key and no webhook secret": (
        {"STRIPE_SECRET_KEY": "sk_test_1"},
        "webhook.secret",
        Severity.ERROR,
    ),
    "an API key as webhook secret": (
        {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "sk_test_1"},
        "webhook.secret",
        Severity.ERROR,
    ),
    "no key": ({}, "stripe.missing", Severity.NOTE),
    "pages elsewhere": (
        {"SHOP_URL": "https://shop.example/drop", "CORS_ORIGINS": "https://www.shop.example"},
        "cors.missing",
        Severity.WARNING,
    ),
    "holds of seconds": ({"RESERVATION_TTL_SECONDS": "30"}, "holds.short", Severity.WARNING),
    "a misspelt name": ({"FULFILLMENT": "on_shipment"}, "settings.unknown", Severity.WARNING),
    "nobody does the jobs": ({"RUN_JOBS": "off"}, "jobs.nobody", Severity.WARNING),
}

GOOD = {
    "ADMIN_PASSWORD": "four words without sense",
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1,whsec_2",
    "SHOP_URL": "https://Shop.example/drop",
    "CORS_ORIGINS": "https://shop.example",
    "CRON_SECRET": "tick",
    "RUN_JOBS": "off",
}


@pytest.mark.parametrize("name", CASES)
def test_is_found(name: str, tmp_path: Path) -> None:
    values, id_, severity = CASES[name]
    settings = Settings.load(values, tmp_path / ".env")
    findings = {finding.id: finding for finding in check_settings(settings, tmp_path / ".env")}
    assert findings[id_].severity is severity
    assert findings[id_].problem
    assert findings[id_].remedy


def test_correct_settings_have_no_findings(tmp_path: Path) -> None:
    settings = Settings.load(GOOD, tmp_path / ".env")
    assert list(check_settings(settings, tmp_path / ".env")) == []


def test_the_published_password_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "fancymonkey2024")
    settings, (finding,) = settings_of(tmp_path / ".env")
    assert settings is None
    assert (finding.id, finding.severity) == ("password.default", Severity.ERROR)


def test_invalid_settings_are_one_finding(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=many\n")
    settings, (finding,) = settings_of(tmp_path / ".env")
    assert settings is None
    assert finding.id == "settings.wrong"
    assert "PORT" in finding.problem


async def test_secrets_that_others_can_read_are_closed(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("ADMIN_PASSWORD=four words without sense\n")
    env.chmod(0o644)
    settings = Settings.load(GOOD, env)
    (finding,) = check_settings(settings, env)
    assert finding.id == "settings.readable"
    assert finding.repair is not None
    await finding.repair()
    assert env.stat().st_mode & 0o777 == 0o600
    assert list(check_settings(settings, env)) == []


def test_a_short_password_outside_a_demo_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "monkey")
    settings, (finding,) = settings_of(tmp_path / ".env")
    assert settings is None
    assert (finding.id, finding.severity) == ("password.weak", Severity.ERROR)
    assert "12 characters" in finding.problem
