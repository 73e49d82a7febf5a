"""The ASGI application for hosts with a server of their own: `fancymonkey.asgi:app`.

The settings come from the environment, as for `serve`. On Vercel a function loses its files and its
memory when it ends, so the stock must be in PostgreSQL and a scheduler must request the jobs.
"""

import logging.config
import os

from fancymonkey.errors import ConfigError
from fancymonkey.log_format import logging_config
from fancymonkey.settings.settings import Settings
from fancymonkey.web.app import create_app
from fancymonkey.web.routing.hot_router import HotRouter

log = logging.getLogger(__name__)


def application() -> HotRouter:
    """The ASGI application. Raises ConfigError."""
    settings = Settings.load()
    if os.environ.get("VERCEL"):
        settings = _serverless(settings)
    logging.config.dictConfig(logging_config(settings))
    for sentence in settings.unknown_names:
        log.warning("%s", sentence)
    return create_app(settings)


def _serverless(settings: Settings) -> Settings:
    if not settings.shared:
        raise ConfigError(
            "A serverless function cannot keep files: set DATABASE_URL to a PostgreSQL database, "
            "such as postgresql://user:password@host/database."
        )
    if settings.server.demo:
        raise ConfigError(
            "The demo's fake Stripe needs a single process, and a serverless function runs "
            "in many. Switch DEMO off and use a Stripe test key."
        )
    return settings.changed(run_jobs=False)


app = application()
