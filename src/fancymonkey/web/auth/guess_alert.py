"""Alerts the owner about repeated wrong attempts at a secret of the settings."""

import logging

from fancymonkey.accounts.audit_log import AuditLog
from fancymonkey.alerts import event_texts
from fancymonkey.alerts.alerts import Alerts
from fancymonkey.engine.clock import Clock
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.settings.account_names import ADMIN

log = logging.getLogger(__name__)

QUIET = 3_600_000
"""At most one alert per secret in this time, in ms: an attack may last for days."""


class Alarm:
    """Records an attack in the audit log, the log and the alerts."""

    def __init__(self, clock: Clock, audit_log: AuditLog, alerts: Alerts) -> None:
        self._clock = clock
        self._audit_log = audit_log
        self._alerts = alerts
        self._told: dict[str, int] = {}

    async def guessed(self, name: str, address: str) -> None:
        """Called when unknown addresses are locked out; a store error stops no response."""
        now = self._clock()
        if name in self._told and now < self._told[name] + QUIET:
            return
        self._told[name] = now
        secret = "ADMIN_PASSWORD" if name == ADMIN else "CRON_SECRET"
        log.warning("repeated wrong attempts at %s, the latest from %s", secret, address)
        try:
            text = f"{secret} is being guessed: unknown addresses are throttled"
            await self._audit_log.record("somebody", address, text, 429)
            await self._alerts.report(event_texts.guessed(secret, address, now))
        except FancyMonkeyError:
            log.exception("the guesses at %s could not be written to the audit log", secret)
