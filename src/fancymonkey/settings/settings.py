"""Settings: environment variables, and a `.env` file for those that the environment does not have.

Each variable is declared once, with its description, in the group of its subject;
`docs/reference/settings.md` is made from there. A secret may be in a file, named by `NAME_FILE`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, PrivateAttr

from fancymonkey.errors import ConfigError
from fancymonkey.settings.accounts import AccountSettings, password_fault
from fancymonkey.settings.alerts import AlertSettings
from fancymonkey.settings.backup import BackupSettings
from fancymonkey.settings.fields import PUBLISHED_PASSWORD, SettingsGroup, Variable, dotenv
from fancymonkey.settings.holds import HoldSettings
from fancymonkey.settings.locations import LocationSettings
from fancymonkey.settings.orders import OrderSettings
from fancymonkey.settings.payments import PaymentSettings
from fancymonkey.settings.schedule import ScheduleSettings
from fancymonkey.settings.server import ServerSettings
from fancymonkey.settings.stock import StockSettings
from fancymonkey.settings.store import StoreSettings
from fancymonkey.settings.unknown_names import nearly_settings

FORMER_SETTINGS = {
    "SCHEDULES": "RUN_JOBS",
    "NIGHTLY_AT": "NIGHTLY_JOBS_AT",
    "HOLD_CALM_PERCENT": "HOLD_CONTENTION_PERCENT",
    "HOLD_RUSH_PERCENT": "HOLD_NETWORK_SHARE_PERCENT",
    "HOLD_UNPAID_MINUTES": "HOLD_UNPAID_ALLOWANCE_MINUTES",
    "HOLD_WAIT_MINUTES": "HOLD_RETRY_MINUTES",
}
"""Variables that were renamed: a start with the former name is refused, and names the present."""


class Settings(BaseModel):
    """All settings, by subject. Secrets never appear in its text form."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    store: StoreSettings = StoreSettings()
    server: ServerSettings = ServerSettings()
    accounts: AccountSettings = AccountSettings()
    payments: PaymentSettings = PaymentSettings()
    orders: OrderSettings = OrderSettings()
    holds: HoldSettings = HoldSettings()
    stock: StockSettings = StockSettings()
    locations: LocationSettings = LocationSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    alerts: AlertSettings = AlertSettings()
    backup: BackupSettings = BackupSettings()

    _unknown_names: tuple[str, ...] = PrivateAttr(())

    @property
    def unknown_names(self) -> tuple[str, ...]:
        """A sentence about each variable that was loaded with them and is nearly a setting."""
        return self._unknown_names

    @classmethod
    def of(cls, **values: Any) -> "Settings":
        """Settings with these fields, each in the group that has it, and defaults for the rest."""
        return cls().changed(**values)

    def changed(self, **values: Any) -> "Settings":
        """The same settings with other values of these fields, each in the group that has it.

        Raises TypeError for a field that no group has.
        """
        groups: dict[str, dict[str, Any]] = {}
        for field, value in values.items():
            groups.setdefault(_group_of(field), {})[field] = value
        return self.model_copy(
            update={
                name: type(group)(**{**dict(group), **groups[name]})
                for name, group in self
                if name in groups
            }
        )

    @property
    def target(self) -> str:
        """The store that these settings name, as `open_store` takes it."""
        return self.store.database_url or self.store.data_dir

    @property
    def shared(self) -> bool:
        """Whether several processes may use that store at once."""
        return self.target.startswith(("postgresql://", "postgres://"))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.server.host in ("127.0.0.1", "localhost", "::1")

    @property
    def published(self) -> bool:
        """Whether the published password gives access to the dashboard: only in a demo of this
        machine.
        """
        here = self.server.demo and self.local and not self.server.trusted_proxies
        return here and self.accounts.admin_password in (None, PUBLISHED_PASSWORD)

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, file: Path = Path(".env")
    ) -> "Settings":
        """The settings of this process; the environment overrides the file. Raises ConfigError.

        An empty variable counts as not set, and hides the file's.
        """
        values = {**dotenv(file), **(os.environ if environ is None else environ)}
        texts = _texts(values)
        groups: dict[str, Any] = {name: group.read(texts) for name, group in _groups().items()}
        settings = cls(**groups)
        settings._unknown_names = nearly_settings(values, declarations())
        settings.check()
        return settings

    def check(self) -> None:
        """Raises ConfigError if settings contradict each other."""
        if fault := password_fault(
            self.accounts.admin_password, demo=self.server.demo, published=self.published
        ):
            raise ConfigError(f"ADMIN_PASSWORD should {fault}")
        key = self.payments.stripe_secret_key or ""
        if key.startswith(("sk_live_", "rk_live_")) and self.payments.stripe_api_base is not None:
            raise ConfigError(
                "STRIPE_API_BASE sends payments to a fake Stripe, and STRIPE_SECRET_KEY is a live "
                "key. Remove one of them."
            )
        if self.server.demo and (key or self.payments.stripe_api_base is not None):
            raise ConfigError(
                "DEMO brings its own fake Stripe. Remove STRIPE_SECRET_KEY and "
                "STRIPE_API_BASE, or switch DEMO off."
            )


def without_password(target: str) -> str:
    """A directory or URL as it may be shown."""
    scheme, separator, remainder = target.partition("://")
    address, slash, path = remainder.partition("/")
    user, at, host = address.rpartition("@")
    if not separator or not at:
        return target.partition("?")[0] if separator else target
    path = path.partition("?")[0]  # a query may hold a password too
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"


def _groups() -> dict[str, type[SettingsGroup]]:
    """The class of each group, by its name in `Settings`."""
    return {name: type(group) for name, group in Settings()}


def _group_of(field: str) -> str:
    for name, group in _groups().items():
        if field in group.model_fields:
            return name
    raise TypeError(f"There is no setting {field}.")


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    """The text of each variable that is set, also where `NAME_FILE` names a file that has it.

    Raises ConfigError, also for a variable under its former name.
    """
    texts: dict[str, str] = {}
    for former, present in FORMER_SETTINGS.items():
        if values.get(former, "").strip():
            raise ConfigError(f"The setting {former} is now called {present}. Rename it.")
    for declared in declarations():
        text = values.get(declared.name, "").strip()
        path = values.get(f"{declared.name}_FILE", "").strip() if declared.secret else ""
        if text and path:
            raise ConfigError(f"Set {declared.name} or {declared.name}_FILE, not both.")
        if path:
            text = _secret_in(f"{declared.name}_FILE", Path(path))
        if text:
            texts[declared.name] = text
    return texts


def _secret_in(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ConfigError(f"{name}: {path} cannot be read: {reason}.") from None
    if not text:
        raise ConfigError(f"{name}: {path} is empty.")
    return text


def declarations() -> list[Variable]:
    """Every variable, group by group."""
    return [variable for group in _groups().values() for variable in group.variables().values()]


def reference() -> str:
    """The page about all settings, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Environment variables. A file `.env` in the current directory is read too, and the",
        "environment overrides it. Text after `=` is taken as it is: `${…}` is not expanded.",
        "An empty variable counts as not set. A secret may be in a file instead:",
        "`ADMIN_PASSWORD_FILE=/run/secrets/admin`; white space around it is removed.",
        "A variable that is nearly one of these, such as `FULFILLMENT`, is a warning in the log,",
        "of the doctor and on the dashboard.",
        "",
        "<!-- Made by scripts/settings_reference.py from src/fancymonkey/settings. -->",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for declared in declarations():
        secret = " Secret: never logged." if declared.secret else ""
        lines.append(f"| `{declared.name}` | {declared.shown_default} | {declared.about}{secret} |")
    return "\n".join(lines) + "\n"
