"""The log format: one line per event to stderr, as text or as JSON."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from fancymonkey.settings.settings import Settings


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z WARNING fancymonkey.store: message`, for people.

    Line breaks in a message are escaped, so that a client cannot forge log lines; a traceback
    keeps its lines.
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
    """One JSON object per line, for machines."""

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


class StartFailureFilter(logging.Filter):
    """Drops uvicorn's message that the start failed: the reason was logged just before it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for the one line to drop."""
        return record.msg != "Application startup failed. Exiting."


def logging_config(settings: Settings) -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig` and uvicorn."""
    formatter = JsonFormatter if settings.server.log_format == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "filters": {"no_echo": {"()": StartFailureFilter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["no_echo"],
            }
        },
        "root": {"handlers": ["stderr"], "level": settings.server.log_level.upper()},
        # uvicorn reports its own phases at INFO, which only its developers need.
        "loggers": {
            "uvicorn": {"level": _server_level(settings)},
            # These libraries log every request with its query, including ids.
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
    """The text with lone surrogates escaped, because UTF-8 cannot encode them."""
    return text.encode(errors="backslashreplace").decode()
