"""Settings: environment variables, and a `.env` file for those that the environment does not have.

Each variable is declared once, with its words; `docs/reference/settings.md` is made from here.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from dotenv import dotenv_values

from fancymonkey.errors import ConfigError

SCHEMES: Final = ("postgresql", "postgres", "sqlite", "memory")
TTL_MAX: Final = 86_400
PUBLISHED_PASSWORD: Final = "fancymonkey2024"  # noqa: S105 — it stands in public documentation
LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")
_SWITCH: Final = {"on": True, "true": True, "yes": True, "1": True} | {
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: how its text is read, and what to say about it.

    `parse` raises ValueError with what the text should be.
    """

    name: str
    parse: Callable[[str], Any]
    shown_default: str
    about: str
    secret: bool


def _variable(
    name: str,
    parse: Callable[[str], Any],
    default: Any,
    about: str,
    *,
    shown: str = "",
    secret: bool = False,
) -> Any:
    variable = Variable(name, parse, shown, about, secret)
    return field(default=default, repr=not secret, metadata={"variable": variable})


def _text(text: str) -> str:
    return text


def _store_url(text: str) -> str:
    if text.partition("://")[0] not in SCHEMES:
        raise ValueError("postgresql://user@host/database or sqlite:///file.db")
    return text


def _password(text: str) -> str:
    if text == PUBLISHED_PASSWORD:
        raise ValueError("a password of your own: this one is published and opens nothing")
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # int() alone would also take "1_000", "+5" and digits of other scripts.
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(" or ".join(words))
        return text.lower()

    return parse


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ValueError("on or off")
    return _SWITCH[text.lower()]


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.rstrip("/").lower() for part in _several(text))
    if not all(origin == "*" or _is_origin(origin) for origin in origins):
        raise ValueError("origins such as https://shop.example, separated by commas, or *")
    return origins


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and text == f"{parts.scheme}://{parts.netloc}"
            and "@" not in parts.netloc
        )
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Secrets never appear in its text form."""

    database_url: str | None = _variable(
        "DATABASE_URL",
        _store_url,
        None,
        "The database that holds the stock: `postgresql://user:password@host/database` or "
        "`sqlite:///file.db` (three slashes: relative, four: absolute). Without it the stock "
        "lives in JSON files in `DATA_DIR`. `--data` on the command line beats both.",
        shown="none",
        secret=True,
    )
    data_dir: str = _variable(
        "DATA_DIR",
        _text,
        "data",
        "The directory of the JSON files. Not used where `DATABASE_URL` is set.",
        shown="./data",
    )
    host: str = _variable(
        "HOST",
        _text,
        "127.0.0.1",
        "The address to listen on. `0.0.0.0` takes connections from other machines.",
        shown="127.0.0.1",
    )
    port: int = _variable(
        "PORT",
        _whole(0, 65_535),
        8000,
        "The port to listen on. 0 takes any free one.",
        shown="8000",
    )
    admin_password: str | None = _variable(
        "ADMIN_PASSWORD",
        _password,
        None,
        "What the owner's endpoints want as `password`. Without it they refuse everybody. "
        "The published default of older versions is not accepted.",
        shown="none",
        secret=True,
    )
    stripe_webhook_secrets: tuple[str, ...] = _variable(
        "STRIPE_WEBHOOK_SECRET",
        _several,
        (),
        "The signing secret of the Stripe webhook. Several, separated by commas, are all "
        "accepted: give the old and the new one while you rotate.",
        shown="none",
        secret=True,
    )
    cron_secret: str | None = _variable(
        "CRON_SECRET",
        _text,
        None,
        "What a scheduler sends as `Authorization: Bearer …` to tidy ended holds. Without it "
        "that call is refused; holds end at their second all the same.",
        shown="none",
        secret=True,
    )
    reservation_ttl_seconds: int = _variable(
        "RESERVATION_TTL_SECONDS",
        _whole(1, TTL_MAX),
        1800,
        "How long a hold lives, in seconds, from 1 to 86400 (a day: no Stripe checkout session "
        "lives longer).",
        shown="1800",
    )
    rate_limit: bool = _variable(
        "RATE_LIMIT",
        _switch,
        True,
        "`off` switches the limits on requests per client off, for measurements.",
        shown="on",
    )
    cors_origins: tuple[str, ...] = _variable(
        "CORS_ORIGINS",
        _origins,
        (),
        "Origins of shop pages on other hosts that may call the API from a browser, exact and "
        "separated by commas: `https://shop.example,https://www.shop.example`. `*` means any.",
        shown="none",
    )
    trusted_proxies: tuple[str, ...] = _variable(
        "TRUSTED_PROXIES",
        _several,
        (),
        "Addresses or networks of your reverse proxies, separated by commas: only their word is "
        "taken for a client's address (`X-Forwarded-For`). Limits count per client.",
        shown="none",
    )
    log_format: str = _variable(
        "LOG_FORMAT",
        _one_of(*FORMATS),
        "text",
        "`text` for people or `json` for machines, one line an event.",
        shown="text",
    )
    log_level: str = _variable(
        "LOG_LEVEL",
        _one_of(*LEVELS),
        "info",
        "The least important lines to log: `debug`, `info`, `warning` or `error`.",
        shown="info",
    )

    @property
    def target(self) -> str:
        """The store that these settings name, as `open_store` takes it."""
        return self.database_url or self.data_dir

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")
    ) -> "Settings":
        """The settings of this process; the environment beats the file. Raises ConfigError.

        A variable that is set to nothing counts as not set, and hides the file's.
        """
        values = {**_dotenv(dotenv), **(os.environ if environ is None else environ)}
        found = {}
        for one in fields(cls):
            variable: Variable = one.metadata["variable"]
            text = values.get(variable.name, "").strip()
            if text:
                found[one.name] = _parsed(variable, text)
        return cls(**found)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        # A password may hold `${`: what is written is what is meant.
        values = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text in UTF-8: {error}") from error
    return {name: text for name, text in values.items() if text is not None}


def _parsed(variable: Variable, text: str) -> Any:
    has = f"{variable.name}" if variable.secret else f"{variable.name} is {text!r}; it"
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ConfigError(f"{has} should be text in UTF-8.")
    try:
        return variable.parse(text)
    except ValueError as error:
        raise ConfigError(f"{has} should be {error}.") from None


def without_password(target: str) -> str:
    """A directory or URL as it may be shown."""
    scheme, separator, rest = target.partition("://")
    address, slash, path = rest.partition("/")
    user, at, host = address.rpartition("@")
    if not separator or not at:
        return target.partition("?")[0] if separator else target
    path = path.partition("?")[0]  # a query may hold a password too
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"


def reference() -> str:
    """The page about all settings, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Environment variables. A file `.env` in the current directory is read too, and the",
        "environment beats it. Text after `=` is taken as it is: `${…}` is not expanded.",
        "A variable that is set to nothing counts as not set.",
        "",
        "<!-- Made by scripts/settings_reference.py from src/fancymonkey/config.py. -->",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for one in fields(Settings):
        variable: Variable = one.metadata["variable"]
        secret = " Secret: never logged." if variable.secret else ""
        lines.append(f"| `{variable.name}` | {variable.shown_default} | {variable.about}{secret} |")
    return "\n".join(lines) + "\n"
