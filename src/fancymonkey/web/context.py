"""The services that every endpoint uses."""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fancymonkey.accounts.accounts import Accounts
from fancymonkey.alerts.alerts import Alerts
from fancymonkey.alerts.channels import channels_of
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.engine import Engine
from fancymonkey.jobs.definitions import jobs_of
from fancymonkey.jobs.executor import JobExecutor
from fancymonkey.payments.basket import CheckoutTerms
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.events import PaymentPolicy, livemode_of
from fancymonkey.payments.gateway import Gateway
from fancymonkey.payments.payers import Payers
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.settings.settings import Settings
from fancymonkey.web.auth.guess_alert import Alarm
from fancymonkey.web.auth.guesses import Guesses
from fancymonkey.web.auth.shared_secrets import Throttle
from fancymonkey.web.http.client_source import ClientSources, sources_of
from fancymonkey.web.http.proxies import Proxies
from fancymonkey.web.http.rate_limits import ConcurrencyLimit
from fancymonkey.web.http.request_metrics import RequestMetrics
from fancymonkey.web.http.spelling import Spelling
from fancymonkey.web.read_models.overview_cache import OverviewCache
from fancymonkey.web.read_models.stock_listing import StockListing
from fancymonkey.web.read_models.stock_rows import StockRows
from fancymonkey.web.system.metrics import Metrics

SHEETS = 2
"""The most files that are imported or exported at the same time."""


@dataclass(slots=True)
class AppContext:
    """The running shop: its engine, its settings, its prepared responses."""

    engine: Engine
    settings: Settings
    checkouts: Checkouts | None = None
    listing: StockListing = field(init=False)
    table: StockRows = field(init=False)
    glance: OverviewCache = field(init=False)
    throttle: Throttle = field(init=False)
    guesses: Guesses = field(init=False)
    policy: PaymentPolicy = field(init=False)
    reconciler: Reconciler | None = field(init=False, default=None)
    accounts: Accounts = field(init=False)
    alerts: Alerts = field(init=False)
    jobs: JobExecutor = field(init=False)
    sheets: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(SHEETS))
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    sources: ClientSources | None = field(init=False)
    meter: RequestMetrics = field(init=False, default_factory=RequestMetrics)
    proxies: Proxies = field(init=False)
    spelling: Spelling = field(init=False)
    metrics: Metrics = field(init=False)
    payers: Payers = field(init=False)

    def __post_init__(self) -> None:
        self.spelling = Spelling(self.engine)
        self.listing = StockListing(self.engine, self.spelling)
        self.table = StockRows(self.engine)
        self.glance = OverviewCache(self.engine)
        self.throttle = Throttle(self.engine.clock)
        self.accounts = accounts_of(self.engine, self.settings)
        self.policy = policy_of(self.settings)
        self.payers = Payers(self.checkouts, self.engine.clock)
        self.proxies = Proxies(self.settings.server.trusted_proxies, self.meter)
        self.sources = sources_of(self.engine, self.settings, self.proxies)
        if self.checkouts is not None:
            self.reconciler = Reconciler(self.engine, self.checkouts, self.policy)
        self.alerts = alerts_of(self.engine, self.settings, lambda: self.jobs.jobs)
        self.jobs = jobs_of(self.engine, self.settings, self.reconciler, self.alerts)
        alarm = Alarm(self.engine.clock, self.accounts.acts, self.alerts)
        self.guesses = Guesses(
            self.engine.clock, self.throttle, self.accounts.places, alarm.guessed
        )
        self.metrics = Metrics(self.engine, self.meter, self.jobs)

    @property
    def ttl(self) -> int:
        """The duration of a hold, in ms."""
        return self.settings.holds.reservation_ttl_seconds * 1000


def accounts_of(engine: Engine, settings: Settings) -> Accounts:
    """The accounts of the shop."""
    return Accounts(
        engine,
        settings.accounts.owner_email,
        settings.accounts.admin_password,
        settings.accounts.admin_idle_minutes * 60_000,
        settings.accounts.admin_session_hours * 3_600_000,
    )


def alerts_of(
    engine: Engine, settings: Settings, jobs: Callable[[], Iterable[str]] = tuple
) -> Alerts:
    """The alerts of the shop. Raises ConfigError for a URL of a channel that is not valid."""
    quiet = settings.alerts.quiet_hours
    return Alerts(
        engine,
        channels_of(settings.alerts.alert_urls),
        settings.alerts.alert_events,
        quiet=None if quiet is None else QuietHours(*quiet, settings.schedule.time_zone),
        zone=settings.schedule.time_zone,
        link=settings.alerts.dashboard_url or "",
        private=settings.alerts.webhook_allow_private,
        jobs=jobs,
    )


def policy_of(settings: Settings) -> PaymentPolicy:
    """The payment settings of the shop."""
    return PaymentPolicy(
        refund_late=settings.payments.late_payment == "refund",
        take_back=settings.payments.return_on_refund == "auto",
        patience=settings.payments.pending_payment_days * 86_400_000,
        currency=settings.payments.currency,
        livemode=livemode_of(settings.payments.stripe_secret_key),
    )


def terms_of(settings: Settings) -> CheckoutTerms:
    """The terms of a checkout in this shop."""
    context = settings.payments.shop_url or f"http://{settings.server.host}:{settings.server.port}"
    return CheckoutTerms(
        ttl=settings.holds.reservation_ttl_seconds * 1000,
        session_life=settings.payments.checkout_minutes * 60_000,
        grace=settings.payments.checkout_grace_seconds * 1000,
        most=settings.payments.checkouts_per_hold,
        currency=settings.payments.currency,
        success_url=settings.payments.success_url or f"{context}/success.html",
        cancel_url=settings.payments.cancel_url or f"{context}/cancel.html",
    )


def checkouts_of(engine: Engine, settings: Settings) -> Checkouts | None:
    """The Stripe gateway, or None without a key."""
    if settings.payments.stripe_secret_key is None:
        return None
    gateway = Gateway(settings.payments.stripe_secret_key, settings.payments.stripe_api_base)
    return Checkouts(engine, gateway, terms_of(settings))


def new_reservation_id() -> str:
    """A random id: any client that knows it may release the hold.

    Ids of about the same time begin alike, so that a database writes them side by side: with ids
    that are random throughout, each new one dirties another page of its index.
    """
    return f"res_{system_clock():012x}{os.urandom(12).hex()}"
