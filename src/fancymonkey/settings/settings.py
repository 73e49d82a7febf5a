"""Settings: environment variables, and a `.env` file for variables missing in the environment.

Each variable is declared once, with its text; `docs/reference/settings.md` is made from here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from fancymonkey.errors import ConfigError
from fancymonkey.settings.accounts import AccountSettings, password_fault
from fancymonkey.settings.fields import (
    FORMATS,
    LEVELS,
    PUBLISHED_PASSWORD,
    TTL_MAX,
    Variable,
    any_text,
    currency_code,
    dotenv,
    http_url,
    loopback,
    one_of,
    parsed,
    setting,
    several,
    several_origins,
    store_url,
    switch,
    whole,
)


@dataclass(frozen=True, slots=True)
class Settings(AccountSettings):
    """All settings. Secrets never appear in the text form."""

    database_url: str | None = setting(
        "DATABASE_URL",
        store_url,
        None,
        "The database that holds the stock: `postgresql://user:password@host/database` or "
        "`sqlite:///file.db` (three slashes: relative, four: absolute). If unset, the stock "
        "is in JSON files in `DATA_DIR`. `--data` on the command line overrides both.",
        shown="none",
        secret=True,
    )
    data_dir: str = setting(
        "DATA_DIR",
        any_text,
        "data",
        "The directory of the JSON files. Not used if `DATABASE_URL` is set.",
        shown="./data",
    )
    host: str = setting(
        "HOST",
        any_text,
        "127.0.0.1",
        "The address to listen on. `0.0.0.0` takes connections from other machines.",
        shown="127.0.0.1",
    )
    port: int = setting(
        "PORT",
        whole(0, 65_535),
        8000,
        "The port to listen on. 0 takes any free one.",
        shown="8000",
    )
    admin_password: str | None = setting(
        "ADMIN_PASSWORD",
        any_text,
        None,
        "The password of the owner's endpoints: 12 characters or more, and not a published one.",
        shown="none",
        secret=True,
    )
    stripe_secret_key: str | None = setting(
        "STRIPE_SECRET_KEY",
        any_text,
        None,
        "The secret key of the Stripe account (`sk_live_…`, `sk_test_…`, or a restricted key). "
        "If unset, `POST /api/checkout` answers 503; everything else works.",
        shown="none",
        secret=True,
    )
    stripe_api_base: str | None = setting(
        "STRIPE_API_BASE",
        loopback,
        None,
        "The URL of a stand-in for Stripe on this machine, for rehearsals and tests: "
        "`http://127.0.0.1:12111`. Refused together with a live key.",
        shown="Stripe itself",
    )
    stripe_webhook_secrets: tuple[str, ...] = setting(
        "STRIPE_WEBHOOK_SECRET",
        several,
        (),
        "The signing secret of the Stripe webhook. Several, separated by commas, are all "
        "accepted: set the old and the new one while you rotate.",
        shown="none",
        secret=True,
    )
    shop_url: str | None = setting(
        "SHOP_URL",
        http_url,
        None,
        "The URL of the shop's pages, without a slash at the end: `https://shop.example`. Buyers "
        "return there from Stripe.",
        shown="this server",
    )
    success_url: str | None = setting(
        "SUCCESS_URL",
        http_url,
        None,
        "The page that a buyer sees after paying. Its query has `session_id=cs_…`.",
        shown="`SHOP_URL`/success.html",
    )
    cancel_url: str | None = setting(
        "CANCEL_URL",
        http_url,
        None,
        "The page that a buyer sees after leaving the checkout. Its query has `hold=res_…`.",
        shown="`SHOP_URL`/cancel.html",
    )
    currency: str = setting(
        "CURRENCY",
        currency_code,
        "usd",
        "The currency of the prices in the catalogue, in Stripe's form: `eur`. Used for sizes "
        "without a `priceId`.",
        shown="usd",
    )
    checkout_minutes: int = setting(
        "CHECKOUT_MINUTES",
        whole(30, 1439),
        30,
        "How long a checkout at Stripe stays open, in minutes, from 30 (Stripe's minimum) to 1439.",
        shown="30",
    )
    checkout_grace_seconds: int = setting(
        "CHECKOUT_GRACE_SECONDS",
        whole(0, 86_400),
        300,
        "How long a hold outlives its checkout at Stripe, in seconds, so that the webhook of a "
        "payment in the last second still finds it.",
        shown="300",
    )
    checkouts_per_hold: int = setting(
        "CHECKOUTS_PER_HOLD",
        whole(1, 100),
        5,
        "How often one hold may be taken to the checkout: each checkout extends the hold.",
        shown="5",
    )
    pending_payment_days: int = setting(
        "PENDING_PAYMENT_DAYS",
        whole(1, 60),
        7,
        "How many days a hold waits for a payment that takes days, such as a bank transfer.",
        shown="7",
    )
    late_payment: str = setting(
        "LATE_PAYMENT",
        one_of("backorder", "refund"),
        "backorder",
        "How to handle a payment that arrives after its hold has ended, if too few units are "
        "available: `backorder` owes the buyer the rest, `refund` refunds the payment.",
        shown="backorder",
    )
    return_on_refund: str = setting(
        "RETURN_ON_REFUND",
        one_of("ask", "auto"),
        "ask",
        "Whether a full refund at Stripe returns the units to stock by itself (`auto`) or asks "
        "the owner (`ask`), because the goods may be with the buyer.",
        shown="ask",
    )
    reconcile_seconds: int = setting(
        "RECONCILE_SECONDS",
        whole(0, 86_400),
        300,
        "How often the ledger is compared with Stripe, in seconds; 0 leaves it to "
        "`fancymonkey reconcile`.",
        shown="300",
    )
    demo: bool = setting(
        "DEMO",
        switch,
        False,
        "`on` runs a stand-in for Stripe inside the service, so that buying works from the shop "
        "to a paid order without keys. No money moves. Refused together with real keys.",
        shown="off",
    )
    cron_secret: str | None = setting(
        "CRON_SECRET",
        any_text,
        None,
        "The secret that your scheduler sends as `Authorization: Bearer …` to the cron endpoints. "
        "If unset, they accept only an administrator's credentials.",
        shown="none",
        secret=True,
    )
    reservation_ttl_seconds: int = setting(
        "RESERVATION_TTL_SECONDS",
        whole(1, TTL_MAX),
        1800,
        "How long a hold lasts, in seconds, from 1 to 86400 (a day, the maximum of a Stripe "
        "checkout session).",
        shown="1800",
    )
    rate_limit: bool = setting(
        "RATE_LIMIT",
        switch,
        True,
        "`off` disables the limits on requests per client, for measurements.",
        shown="on",
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS",
        several_origins,
        (),
        "Origins of shop pages on other hosts that may call the API from a browser, exact and "
        "separated by commas: `https://shop.example,https://www.shop.example`. `*` means any.",
        shown="none",
    )
    trusted_proxies: tuple[str, ...] = setting(
        "TRUSTED_PROXIES",
        several,
        (),
        "Addresses or networks of your reverse proxies, separated by commas: only they may state a "
        "client's address (`X-Forwarded-For`). Limits count per client.",
        shown="none",
    )
    log_format: str = setting(
        "LOG_FORMAT",
        one_of(*FORMATS),
        "text",
        "`text` for people or `json` for machines, one line per event.",
        shown="text",
    )
    otlp_endpoint: str | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        http_url,
        None,
        "The URL of an OpenTelemetry collector for traces over HTTP: `http://127.0.0.1:4318`. It "
        "needs the extra `otel`. Each request becomes a span, and takes a little longer.",
        shown="none",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        one_of(*LEVELS),
        "info",
        "The lowest level to log: `debug`, `info`, `warning` or `error`.",
        shown="info",
    )

    @property
    def target(self) -> str:
        """The store that these settings name, as `open_store` takes it."""
        return self.database_url or self.data_dir

    @property
    def shared(self) -> bool:
        """Whether several processes may use that store at once."""
        return self.target.startswith(("postgresql://", "postgres://"))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in ("127.0.0.1", "localhost", "::1")

    @property
    def published(self) -> bool:
        """Whether the published password is valid: only in a demo on this machine."""
        local_demo = self.demo and self.local and not self.trusted_proxies
        return local_demo and self.admin_password in (None, PUBLISHED_PASSWORD)

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, file: Path = Path(".env")
    ) -> "Settings":
        """The settings of this process; the environment overrides the file. Raises ConfigError.

        A variable with an empty value counts as unset, and hides the one in the file.
        """
        values = {**dotenv(file), **(os.environ if environ is None else environ)}
        given = {}
        for field in fields(cls):
            variable: Variable = field.metadata["variable"]
            if text := values.get(variable.name, "").strip():
                given[field.name] = parsed(variable, text)
        settings = cls(**given)
        settings.check()
        return settings

    def check(self) -> None:
        """Raises ConfigError where settings contradict each other."""
        if fault := password_fault(self.admin_password, demo=self.demo, published=self.published):
            raise ConfigError(f"ADMIN_PASSWORD should {fault}")
        key = self.stripe_secret_key or ""
        if key.startswith(("sk_live_", "rk_live_")) and self.stripe_api_base is not None:
            raise ConfigError(
                "STRIPE_API_BASE sends payments to a stand-in, and STRIPE_SECRET_KEY is a live "
                "key. Remove one of them."
            )
        if self.demo and (key or self.stripe_api_base is not None):
            raise ConfigError(
                "DEMO brings its own stand-in for Stripe. Remove STRIPE_SECRET_KEY and "
                "STRIPE_API_BASE, or switch DEMO off."
            )


def without_password(target: str) -> str:
    """A directory or URL without its password, for display."""
    scheme, separator, rest = target.partition("://")
    address, slash, path = rest.partition("/")
    user, at, host = address.rpartition("@")
    if not separator or not at:
        return target.partition("?")[0] if separator else target
    path = path.partition("?")[0]  # a query may contain a password too
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"


def declarations() -> list[Variable]:
    """Every variable in the order of the documentation: the general ones first."""
    every = fields(Settings)
    inherited = len(fields(AccountSettings))
    return [field.metadata["variable"] for field in (*every[inherited:], *every[:inherited])]


def reference() -> str:
    """The documentation page of all settings, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Environment variables. A file `.env` in the current directory is read too, and the",
        "environment overrides it. Text after `=` is taken as it is: `${…}` is not expanded.",
        "A variable with an empty value counts as unset.",
        "",
        "<!-- Made by scripts/settings_reference.py from src/fancymonkey/settings/settings.py. -->",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for variable in declarations():
        secret = " Secret: never logged." if variable.secret else ""
        lines.append(f"| `{variable.name}` | {variable.shown_default} | {variable.about}{secret} |")
    return "\n".join(lines) + "\n"
