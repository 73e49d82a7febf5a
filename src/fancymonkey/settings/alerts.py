"""Settings: alerts to the owner and webhooks to other systems."""

import re
from datetime import time

from fancymonkey.settings.event_names import ALERTS, EventName, present_event
from fancymonkey.settings.fields import (
    SettingsGroup,
    http_url,
    one_of,
    setting,
    switch,
    time_of_day,
)


def several_urls(text: str) -> tuple[str, ...]:
    """URLs of any kind, separated by spaces or commas; a comma inside a URL does not end it."""
    urls = tuple(part for part in re.split(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", text.strip()) if part)
    if not all(re.match(r"[a-z][a-z0-9+.-]*://\S", part) for part in urls):
        raise ValueError("URLs such as mailtos://user:password@smtp.example?to=owner@shop.example")
    return tuple(part.rstrip(", ") for part in urls)


def some_alerts(text: str) -> tuple[EventName, ...]:
    """Some events, separated by commas, also by former names; `all` is all of them."""
    named = {present_event(part.strip().lower()) for part in text.split(",") if part.strip()}
    if named == {"all"}:
        return ALERTS
    if not named or not named <= set(ALERTS):
        raise ValueError(f"some of {', '.join(ALERTS)}")
    return tuple(name for name in ALERTS if name in named)


def hours(text: str) -> tuple[time, time]:
    """A part of the day."""
    start, dash, end = text.replace("–", "-").partition("-")
    try:
        times = time_of_day(start.strip()), time_of_day(end.strip())
    except ValueError:
        dash = ""
        times = time(0), time(0)
    if not dash or times[0] == times[1]:
        raise ValueError("two times of day such as 22:00-07:00")
    return times


def time_or_off(text: str) -> time | None:
    """A time of day, or `off`."""
    if text.lower() == "off":
        return None
    try:
        return time_of_day(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from None


class AlertSettings(SettingsGroup):
    """Alerts: their receivers, events and times."""

    alert_urls: tuple[str, ...] = setting(
        "ALERT_URLS",
        several_urls,
        (),
        "The targets of alerts: one or several URLs of apprise, separated by spaces or "
        "commas: `mailtos://user:password@smtp.example?to=owner@shop.example`, `slack://…`, "
        "`discord://…`, `tgram://…`, `jsons://…`.",
        shown="none",
        secret=True,
    )
    alert_events: tuple[EventName, ...] = setting(
        "ALERT_EVENTS",
        some_alerts,
        ALERTS,
        f"The events that alerts report, separated by commas: some of {', '.join(ALERTS)}.",
        shown="all",
    )
    low_stock_by: str = setting(
        "LOW_STOCK_BY",
        one_of("total", "location"),
        "total",
        "When `stock.low` is reported: `total` compares the units of all locations together with "
        "the threshold of a size, `location` those of each location. Out of stock and back in "
        "stock always concern the shop.",
        shown="total",
    )
    quiet_hours: tuple[time, time] | None = setting(
        "QUIET_HOURS",
        hours,
        None,
        "Quiet hours for alerts, in `TIME_ZONE`: `22:00-07:00`. Alerts from this time come in one "
        "message afterwards; only problems of the store are sent at once.",
        shown="none",
    )
    digest_at: time | None = setting(
        "DIGEST_AT",
        time_or_off,
        time(8, 0),
        "The time of the daily list of low and sold-out sizes, in `TIME_ZONE`; `off`: never. An "
        "empty list is not sent.",
        shown="08:00",
    )
    dashboard_url: str | None = setting(
        "DASHBOARD_URL",
        http_url,
        None,
        "The URL of the dashboard, for the link in alerts: `https://shop.example/admin`.",
        shown="no link",
    )
    webhook_allow_private: bool = setting(
        "WEBHOOK_ALLOW_PRIVATE",
        switch,
        False,
        "`on` allows outgoing webhooks to addresses of this machine and of your own network.",
        shown="off",
    )
