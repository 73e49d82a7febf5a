"""Settings of scheduled jobs and the time zone."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from fancymonkey.settings.alerts import AlertSettings
from fancymonkey.settings.fields import setting, switch, time_of_day, time_zone


@dataclass(frozen=True, slots=True)
class ScheduleSettings(AlertSettings):
    """Whether and when the service runs jobs by itself."""

    schedules: bool = setting(
        "SCHEDULES",
        switch,
        True,
        "`off` leaves all jobs to your own scheduler: `fancymonkey job run`, or the cron "
        "endpoints. Otherwise one of the running processes does them.",
        shown="on",
    )
    time_zone: ZoneInfo = setting(
        "TIME_ZONE",
        time_zone,
        ZoneInfo("UTC"),
        "The time zone of the shop, for all times of day: `Europe/Berlin`.",
        shown="UTC",
    )
    nightly_at: time = setting(
        "NIGHTLY_AT",
        time_of_day,
        time(3, 30),
        "When the nightly jobs run: the backup, and the removal of old rows.",
        shown="03:30",
    )
