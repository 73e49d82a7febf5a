"""Quiet hours, and the delays after failed deliveries."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from fancymonkey.alerts.backoff import DELAYS, GIVE_UP, HOUR, delay
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.errors import ConfigError
from fancymonkey.settings.settings import Settings


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "end", "zone", "now", "until"),
    [
        ("22:00", "07:00", "UTC", "2026-01-10T21:59:59", None),
        ("22:00", "07:00", "UTC", "2026-01-10T22:00:00", "2026-01-11T07:00:00"),
        ("22:00", "07:00", "UTC", "2026-01-11T06:59:59", "2026-01-11T07:00:00"),
        ("22:00", "07:00", "UTC", "2026-01-11T07:00:00", None),
        ("13:00", "14:00", "UTC", "2026-01-11T13:30:00", "2026-01-11T14:00:00"),
        ("13:00", "14:00", "UTC", "2026-01-11T14:30:00", None),
        ("22:00", "07:00", "Europe/Berlin", "2026-01-10T21:30:00", "2026-01-11T06:00:00"),
        ("22:00", "07:00", "Europe/Berlin", "2026-07-10T20:30:00", "2026-07-11T05:00:00"),
        # The night in which the clocks go forward, and the one in which they go back.
        ("22:00", "07:00", "Europe/Berlin", "2026-03-28T22:00:00", "2026-03-29T05:00:00"),
        ("22:00", "07:00", "Europe/Berlin", "2026-10-24T22:00:00", "2026-10-25T06:00:00"),
        ("22:00", "07:00", "America/New_York", "2026-01-11T03:30:00", "2026-01-11T12:00:00"),
    ],
)
def test_quiet(start: str, end: str, zone: str, now: str, until: str | None) -> None:
    quiet = QuietHours(time.fromisoformat(start), time.fromisoformat(end), ZoneInfo(zone))
    assert quiet.until(ms(now)) == (None if until is None else ms(until))


def test_it_is_tried_over_a_day() -> None:
    assert GIVE_UP - 3 * HOUR < sum(DELAYS) + 8 * HOUR <= GIVE_UP + HOUR
    for failures in range(1, 20):
        step = DELAYS[min(failures, len(DELAYS)) - 1]
        assert 0.89 * step < delay(failures) < 1.11 * step


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALERT_URLS", "owner@shop.example"),
        ("ALERT_EVENTS", "stock.low,stock.lost"),
        ("ALERT_EVENTS", "stock.changed"),
        ("QUIET_HOURS", "22:00"),
        ("QUIET_HOURS", "22:00-25:00"),
        ("QUIET_HOURS", "22:00-22:00"),
        ("DIGEST_AT", "8"),
        ("DASHBOARD_URL", "shop.example"),
        ("WEBHOOK_ALLOW_PRIVATE", "maybe"),
    ],
)
def test_an_invalid_setting_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name) as raised:
        Settings.load({name: text})
    assert name != "ALERT_URLS" or f"{text!r}" not in str(raised.value)  # a secret is not repeated


def test_settings() -> None:
    urls = "mailtos://u:p@smtp.example?to=a@x.example,b@x.example, slack://A/B/C\n json://h/p"
    made = Settings.load(
        {
            "ALERT_URLS": urls,
            "ALERT_EVENTS": "stock.out, stock.low",
            "QUIET_HOURS": "22:00-07:00",
            "DIGEST_AT": "off",
        }
    )
    assert made.alerts.alert_urls == (
        "mailtos://u:p@smtp.example?to=a@x.example,b@x.example",
        "slack://A/B/C",
        "json://h/p",
    )
    assert made.alerts.alert_events == ("stock.low", "stock.out")
    assert made.alerts.quiet_hours == (time(22), time(7))
    assert made.alerts.digest_at is None
    assert "smtp.example" not in repr(made)
