"""The services that every endpoint uses."""

import asyncio
import os
from dataclasses import dataclass, field

from fancymonkey.accounts.accounts import Accounts
from fancymonkey.alerts.alerts import Alerts
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.cluster.cluster import Cluster
from fancymonkey.engine.cluster.tcp import TcpNetwork, database_hosts
from fancymonkey.engine.engine import Engine
from fancymonkey.jobs.executor import JobExecutor
from fancymonkey.payments.checkout import Checkouts
from fancymonkey.payments.events import PaymentPolicy
from fancymonkey.payments.payers import Payers
from fancymonkey.payments.reconcile import Reconciler
from fancymonkey.services.container import Services
from fancymonkey.services.locations.routing import OrderRouting
from fancymonkey.settings.settings import Settings
from fancymonkey.web.auth.guess_alert import Alarm
from fancymonkey.web.auth.guesses import Guesses
from fancymonkey.web.auth.shared_secrets import Throttle
from fancymonkey.web.http.bodies.spelling import Spelling
from fancymonkey.web.http.clients.client_source import ClientSources, sources_of
from fancymonkey.web.http.clients.proxies import Proxies
from fancymonkey.web.http.clients.rate_limits import ConcurrencyLimit
from fancymonkey.web.http.request_metrics import RequestMetrics
from fancymonkey.web.read_models.overview_cache import OverviewCache
from fancymonkey.web.read_models.stock_listing import StockListing
from fancymonkey.web.read_models.stock_rows import StockRows
from fancymonkey.web.system.metrics import Metrics

SHEETS = 2
"""The most files that are imported or exported at the same time."""


@dataclass(slots=True)
class AppContext:
    """The running shop: its services, its prepared responses, its limits."""

    services: Services
    engine: Engine = field(init=False)
    settings: Settings = field(init=False)
    checkouts: Checkouts | None = field(init=False)
    listing: StockListing = field(init=False)
    stock_rows: StockRows = field(init=False)
    overview_cache: OverviewCache = field(init=False)
    throttle: Throttle = field(init=False)
    guesses: Guesses = field(init=False)
    policy: PaymentPolicy = field(init=False)
    reconciler: Reconciler | None = field(init=False)
    accounts: Accounts = field(init=False)
    alerts: Alerts = field(init=False)
    jobs: JobExecutor = field(init=False)
    routing: OrderRouting = field(init=False)
    sheets: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(SHEETS))
    importing: asyncio.Lock = field(default_factory=asyncio.Lock)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    sources: ClientSources | None = field(init=False)
    request_metrics: RequestMetrics = field(init=False, default_factory=RequestMetrics)
    proxies: Proxies = field(init=False)
    spelling: Spelling = field(init=False)
    metrics: Metrics = field(init=False)
    payers: Payers = field(init=False)
    cluster: Cluster | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        services = self.services
        self.engine, self.settings = services.engine, services.settings
        self.accounts, self.policy = services.accounts, services.policy
        self.checkouts, self.reconciler = services.checkouts, services.reconciler
        self.alerts, self.jobs = services.alerts, services.jobs
        self.routing = services.routing
        if self.settings.shared:
            self.cluster = Cluster(self.engine, between=_between(self.settings))
        self.spelling = Spelling(self.engine)
        self.listing = StockListing(self.engine, self.spelling)
        self.stock_rows = StockRows(self.engine)
        self.overview_cache = OverviewCache(self.engine)
        self.throttle = Throttle(self.engine.clock)
        self.payers = Payers(self.checkouts, self.engine.clock)
        self.proxies = Proxies(self.settings.server.trusted_proxies, self.request_metrics)
        self.sources = sources_of(self.engine, self.settings, self.proxies)
        alarm = Alarm(self.engine.clock, self.accounts.audit_log, self.alerts)
        self.guesses = Guesses(
            self.engine.clock, self.throttle, self.accounts.places, alarm.guessed
        )
        self.engine.feed.requests = lambda: self.request_metrics.responses
        self.metrics = Metrics(self.engine, self.request_metrics, self.jobs, self.cluster)

    @property
    def ttl(self) -> int:
        """The duration of a hold, in ms."""
        return self.settings.holds.reservation_ttl_seconds * 1000


def _between(settings: Settings) -> TcpNetwork | None:
    """The way to servers on other machines, unless it is switched off."""
    address = settings.store.cluster_address
    return None if address == "off" else TcpNetwork(address, database_hosts(settings.target))


def new_reservation_id() -> str:
    """A random id: any client that knows it may release the hold.

    Ids of about the same time begin alike, so that a database writes them side by side: with ids
    that are random throughout, each new one dirties another page of its index.
    """
    return f"res_{system_clock():012x}{os.urandom(12).hex()}"
