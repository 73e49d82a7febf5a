"""Builds the services of a shop from its engine and settings, for the web and the commands."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fancymonkey.accounts.accounts import Accounts
from fancymonkey.alerts.alerts import Alerts
from fancymonkey.alerts.channels import channels_of
from fancymonkey.alerts.quiet_hours import QuietHours
from fancymonkey.core.dates import DAY_MS
from fancymonkey.engine.demand.daily_demand import DemandKeeper
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreUnavailable
from fancymonkey.jobs.executor import FAILED, FinishedRun, JobExecutor, JobRunning
from fancymonkey.payments.basket import CheckoutTerms
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.events import PaymentPolicy, livemode_of
from fancymonkey.payments.gateway import Gateway
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.services.job_definitions import jobs_of
from fancymonkey.services.locations.routing import OrderRouting
from fancymonkey.services.sales.orders import OrderIndex
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store, require_existing


@dataclass(slots=True)
class Services:
    """The services above the engine. Raises ConfigError for a channel URL that is not valid.

    `checkouts` and `reconciler` are None without a key of Stripe.
    """

    engine: Engine
    settings: Settings
    accounts: Accounts = field(init=False)
    policy: PaymentPolicy = field(init=False)
    checkouts: Checkouts | None = field(init=False)
    reconciler: Reconciler | None = field(init=False, default=None)
    alerts: Alerts = field(init=False)
    demand: DemandKeeper = field(init=False)
    routing: OrderRouting = field(init=False)
    jobs: JobExecutor = field(init=False)
    orders: OrderIndex = field(init=False)

    def __post_init__(self) -> None:
        self.engine.zone = self.settings.schedule.time_zone
        self.demand = DemandKeeper(self.engine)
        self.orders = OrderIndex(self.engine)
        limits = self.settings.locations
        self.routing = OrderRouting(
            self.engine, split_lines=limits.split_lines, max_parcels=limits.max_parcels
        )
        self.accounts = accounts_of(self.engine, self.settings)
        self.policy = policy_of(self.settings)
        self.checkouts = checkouts_of(self.engine, self.settings)
        if self.checkouts is not None:
            self.reconciler = Reconciler(self.engine, self.checkouts, self.policy)
        self.alerts = alerts_of(self.engine, self.settings, lambda: self.jobs.jobs)
        self.jobs = jobs_of(self.engine, self.settings, self.reconciler, self.alerts)

    async def close(self) -> None:
        """Closes the connections to Stripe."""
        if self.checkouts is not None:
            await self.checkouts.close()


@asynccontextmanager
async def opened_engine(settings: Settings) -> AsyncIterator[Engine]:
    """The engine of the configured store, open inside the block.

    Creates no store. Raises StoreUnavailable if there is none, and the errors of its start.
    """
    require_existing(settings.target)
    engine = Engine(open_store(settings.target))
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


@asynccontextmanager
async def opened_services(settings: Settings) -> AsyncIterator[Services]:
    """The services of the configured store, open inside the block."""
    async with opened_engine(settings) as engine:
        services = Services(engine, settings)
        try:
            yield services
        finally:
            await services.close()


async def run_now(services: Services, name: str) -> FinishedRun:
    """Runs a job to its end; the release of due holds at the start counts as its effect.

    Raises StoreUnavailable if another process runs the job, and the error of a failed run.
    """
    jobs = services.jobs
    try:
        finished = await jobs.run(jobs.jobs[name], since=services.engine.opened_at)
    except JobRunning as error:
        raise StoreUnavailable(f"{error} Wait until it has finished.") from None
    if finished.error is not None:
        raise finished.error
    if finished.done.outcome == FAILED:
        raise StoreUnavailable(f"The job {name} failed. {finished.done.message}")
    return finished


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
        low_by_location=settings.alerts.low_stock_by == "location",
    )


def policy_of(settings: Settings) -> PaymentPolicy:
    """The payment settings of the shop."""
    return PaymentPolicy(
        refund_late=settings.payments.late_payment == "refund",
        take_back=settings.payments.return_on_refund == "auto",
        pending_payment_ms=settings.payments.pending_payment_days * DAY_MS,
        currency=settings.payments.currency,
        livemode=livemode_of(settings.payments.stripe_secret_key),
        on_shipment=settings.orders.fulfilment == "on_shipment",
        keep_buyers=settings.orders.order_data_days > 0,
    )


def terms_of(settings: Settings) -> CheckoutTerms:
    """The terms of a checkout in this shop."""
    shop = settings.payments.shop_url or f"http://{settings.server.host}:{settings.server.port}"
    return CheckoutTerms(
        ttl=settings.holds.reservation_ttl_seconds * 1000,
        session_life=settings.payments.checkout_minutes * 60_000,
        grace=settings.payments.checkout_grace_seconds * 1000,
        most=settings.payments.checkouts_per_hold,
        currency=settings.payments.currency,
        success_url=settings.payments.success_url or f"{shop}/success.html",
        cancel_url=settings.payments.cancel_url or f"{shop}/cancel.html",
    )


def checkouts_of(engine: Engine, settings: Settings) -> Checkouts | None:
    """The Stripe gateway, or None without a key."""
    if settings.payments.stripe_secret_key is None:
        return None
    gateway = Gateway(settings.payments.stripe_secret_key, settings.payments.stripe_api_base)
    return Checkouts(engine, gateway, terms_of(settings))
