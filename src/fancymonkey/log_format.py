"""How the service logs: to stderr, one line an event, as text or as JSON."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from fancymonkey.settings.settings import Settings


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z WARNING fancymonkey.store: words`, for people.

    A line break in what a client sent cannot make a line of its own; a traceback keeps its lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line for one event."""
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{_time(record)} {record.levelname} {record.name}: {message}"
        if hasattr(record, "request"):
            line += f" [request {record.request}]"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for one event."""
        event = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if hasattr(record, "request"):
            event["request"] = record.request
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        text = {name: _clean(value) for name, value in event.items()}
        return msgspec.json.encode(text).decode()


class NoEcho(logging.Filter):
    """Drops the server's word that the start has failed: the reason was logged before it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for the one line to drop."""
        return record.msg != "Application startup failed. Exiting."


def logging_config(settings: Settings) -> dict[str, Any]:
    """What `logging.config.dictConfig` and uvicorn take."""
    formatter = JsonFormatter if settings.server.log_format == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "filters": {"no_echo": {"()": NoEcho}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["no_echo"],
            }
        },
        "root": {"handlers": ["stderr"], "level": settings.server.log_level.upper()},
        # The server's own messages about its phases are useful only to its developers.
        "loggers": {
            "uvicorn": {"level": _server_level(settings)},
            # They log every request with its query, ids and all.
            "stripe": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
        },
    }


def _server_level(settings: Settings) -> str:
    return "WARNING" if settings.server.log_level == "info" else settings.server.log_level.upper()


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON in UTF-8 cannot hold."""
    return text.encode(errors="backslashreplace").decode()
