"""Settings: environment variables, and a `.env` file for those that the environment does not have.

Each variable is declared once, with its words; `docs/reference/settings.md` is made from here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from fancymonkey.errors import ConfigError
from fancymonkey.settings.accounts import AdminSettings, password_fault
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
class Settings(AdminSettings):
    """Everything that can be set. Secrets never appear in its text form."""

    database_url: str | None = setting(
        "DATABASE_URL",
        store_url,
        None,
        "The database that holds the stock: `postgresql://user:password@host/database` or "
        "`sqlite:///file.db` (three slashes: relative, four: absolute). Without it the stock "
        "lives in JSON files in `DATA_DIR`. `--data` on the command line beats both.",
        shown="none",
        secret=True,
    )
    data_dir: str = setting(
        "DATA_DIR",
        any_text,
        "data",
        "The directory of the JSON files. Not used where `DATABASE_URL` is set.",
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
        "What opens the owner's endpoints: 12 characters or more, and no published one.",
        shown="none",
        secret=True,
    )
    stripe_secret_key: str | None = setting(
        "STRIPE_SECRET_KEY",
        any_text,
        None,
        "The secret key of the Stripe account (`sk_live_…`, `sk_test_…`, or a restricted key). "
        "Without it `POST /api/checkout` answers 503; everything else works.",
        shown="none",
        secret=True,
    )
    stripe_api_base: str | None = setting(
        "STRIPE_API_BASE",
        loopback,
        None,
        "Where a stand-in for Stripe listens on this machine, for rehearsals and tests: "
        "`http://127.0.0.1:12111`. Refused beside a live key.",
        shown="Stripe itself",
    )
    stripe_webhook_secrets: tuple[str, ...] = setting(
        "STRIPE_WEBHOOK_SECRET",
        several,
        (),
        "The signing secret of the Stripe webhook. Several, separated by commas, are all "
        "accepted: give the old and the new one while you rotate.",
        shown="none",
        secret=True,
    )
    shop_url: str | None = setting(
        "SHOP_URL",
        http_url,
        None,
        "Where the shop's pages are, without a slash at the end: `https://shop.example`. Buyers "
        "return there from Stripe.",
        shown="this server",
    )
    success_url: str | None = setting(
        "SUCCESS_URL",
        http_url,
        None,
        "The page a buyer sees after paying. Gets `session_id=cs_…` in its query.",
        shown="`SHOP_URL`/success.html",
    )
    cancel_url: str | None = setting(
        "CANCEL_URL",
        http_url,
        None,
        "The page a buyer sees who turns back at the checkout. Gets `hold=res_…` in its query.",
        shown="`SHOP_URL`/cancel.html",
    )
    currency: str = setting(
        "CURRENCY",
        currency_code,
        "usd",
        "The currency of the prices in the catalogue, as Stripe writes it: `eur`. Used for sizes "
        "without a `priceId`.",
        shown="usd",
    )
    checkout_minutes: int = setting(
        "CHECKOUT_MINUTES",
        whole(30, 1439),
        30,
        "How long a buyer may take at Stripe, in minutes, from 30 (Stripe's least) to 1439.",
        shown="30",
    )
    checkout_grace_seconds: int = setting(
        "CHECKOUT_GRACE_SECONDS",
        whole(0, 86_400),
        300,
        "How long a hold outlives its checkout at Stripe, so that word of a payment in the last "
        "second finds it alive.",
        shown="300",
    )
    checkouts_per_hold: int = setting(
        "CHECKOUTS_PER_HOLD",
        whole(1, 100),
        5,
        "How often one hold may be taken to the checkout: each time it lives on for as long as "
        "the checkout does.",
        shown="5",
    )
    pending_payment_days: int = setting(
        "PENDING_PAYMENT_DAYS",
        whole(1, 60),
        7,
        "How long a hold waits for a payment that takes days (bank transfers and the like).",
        shown="7",
    )
    late_payment: str = setting(
        "LATE_PAYMENT",
        one_of("backorder", "refund"),
        "backorder",
        "What becomes of a payment that comes after its hold has ended and cannot be served from "
        "what is available: `backorder` owes the buyer the rest, `refund` gives the money back.",
        shown="backorder",
    )
    return_on_refund: str = setting(
        "RETURN_ON_REFUND",
        one_of("ask", "auto"),
        "ask",
        "Whether a whole refund at Stripe puts the units back on hand by itself (`auto`) or asks "
        "the owner (`ask`): the goods may be with the buyer.",
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
        "`on` runs a stand-in for Stripe inside the service, so that the whole way from the shop "
        "to a paid order works without keys. No money moves. Refused beside real keys.",
        shown="off",
    )
    cron_secret: str | None = setting(
        "CRON_SECRET",
        any_text,
        None,
        "What a scheduler of yours sends as `Authorization: Bearer …` to the cron endpoints. "
        "Without it they take the admin's word alone.",
        shown="none",
        secret=True,
    )
    reservation_ttl_seconds: int = setting(
        "RESERVATION_TTL_SECONDS",
        whole(1, TTL_MAX),
        1800,
        "How long a hold lives, in seconds, from 1 to 86400 (a day: no Stripe checkout session "
        "lives longer).",
        shown="1800",
    )
    rate_limit: bool = setting(
        "RATE_LIMIT",
        switch,
        True,
        "`off` switches the limits on requests per client off, for measurements.",
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
        "Addresses or networks of your reverse proxies, separated by commas: only their word is "
        "taken for a client's address (`X-Forwarded-For`). Limits count per client.",
        shown="none",
    )
    log_format: str = setting(
        "LOG_FORMAT",
        one_of(*FORMATS),
        "text",
        "`text` for people or `json` for machines, one line an event.",
        shown="text",
    )
    otlp_endpoint: str | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        http_url,
        None,
        "Where a collector of OpenTelemetry takes traces over HTTP: `http://127.0.0.1:4318`. Needs "
        "the extra `otel`. Each request is a span then, and takes a little longer.",
        shown="none",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        one_of(*LEVELS),
        "info",
        "The least important lines to log: `debug`, `info`, `warning` or `error`.",
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
        """Whether the published password opens the owner's side: in a demo of this machine only."""
        here = self.demo and self.local and not self.trusted_proxies
        return here and self.admin_password in (None, PUBLISHED_PASSWORD)

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, file: Path = Path(".env")
    ) -> "Settings":
        """The settings of this process; the environment beats the file. Raises ConfigError.

        A variable that is set to nothing counts as not set, and hides the file's.
        """
        values = {**dotenv(file), **(os.environ if environ is None else environ)}
        found = {}
        for one in fields(cls):
            declared: Variable = one.metadata["variable"]
            if text := values.get(declared.name, "").strip():
                found[one.name] = parsed(declared, text)
        settings = cls(**found)
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
    """A directory or URL as it may be shown."""
    scheme, separator, rest = target.partition("://")
    address, slash, path = rest.partition("/")
    user, at, host = address.rpartition("@")
    if not separator or not at:
        return target.partition("?")[0] if separator else target
    path = path.partition("?")[0]  # a query may hold a password too
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"


def declarations() -> list[Variable]:
    """Every variable, in the order in which it is told of: first what everybody needs."""
    found = fields(Settings)
    special = len(fields(AdminSettings))
    return [one.metadata["variable"] for one in (*found[special:], *found[:special])]


def reference() -> str:
    """The page about all settings, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Environment variables. A file `.env` in the current directory is read too, and the",
        "environment beats it. Text after `=` is taken as it is: `${…}` is not expanded.",
        "A variable that is set to nothing counts as not set.",
        "",
        "<!-- Made by scripts/settings_reference.py from src/fancymonkey/settings/settings.py. -->",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for declared in declarations():
        secret = " Secret: never logged." if declared.secret else ""
        lines.append(f"| `{declared.name}` | {declared.shown_default} | {declared.about}{secret} |")
    return "\n".join(lines) + "\n"
