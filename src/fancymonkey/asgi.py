"""The service for a host that brings its own server: `fancymonkey.asgi:app`.

Its settings come from the environment, as for `serve`. On Vercel the files of a function are gone
with it, and so is its memory: the stock has to be in PostgreSQL, and a scheduler has to ask for
the jobs.
"""

import logging.config
import os

from fancymonkey.errors import ConfigError
from fancymonkey.log_format import logging_config
from fancymonkey.settings.settings import Settings
from fancymonkey.web.app import create_app
from fancymonkey.web.routing.router import Router


def application() -> Router:
    """The ASGI application. Raises ConfigError."""
    settings = Settings.load()
    if os.environ.get("VERCEL"):
        settings = _serverless(settings)
    logging.config.dictConfig(logging_config(settings))
    return create_app(settings)


def _serverless(settings: Settings) -> Settings:
    if not settings.shared:
        raise ConfigError(
            "A serverless function keeps no files: set DATABASE_URL to a PostgreSQL database, as "
            "postgresql://user:password@host/database."
        )
    if settings.server.demo:
        raise ConfigError(
            "The demo's stand-in for Stripe lives in one process, and a serverless function is "
            "many. Switch DEMO off and use a test key of Stripe's."
        )
    return settings.changed(schedules=False)


app = application()
