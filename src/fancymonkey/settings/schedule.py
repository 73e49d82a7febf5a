"""Settings: the schedule of jobs."""

from datetime import time
from zoneinfo import ZoneInfo

from fancymonkey.settings.fields import SettingsGroup, setting, switch, time_of_day, time_zone


class ScheduleSettings(SettingsGroup):
    """Jobs that run by themselves, and when."""

    run_jobs: bool = setting(
        "RUN_JOBS",
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
    nightly_jobs_at: time = setting(
        "NIGHTLY_JOBS_AT",
        time_of_day,
        time(3, 30),
        "The time of the nightly jobs: the backup, and the removal of old rows.",
        shown="03:30",
    )
