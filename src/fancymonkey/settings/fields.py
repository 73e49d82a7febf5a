"""Declares settings as environment variables, and parses each kind of value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field

from fancymonkey.errors import ConfigError

SCHEMES: Final = ("postgresql", "postgres", "sqlite", "memory")
TTL_MAX: Final = 86_400
PUBLISHED_PASSWORD: Final = "fancymonkey2024"  # noqa: S105 — published in the documentation
PASSWORD_LEAST: Final = 12
"""The least number of characters of an admin password."""
LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")
SWITCH: Final = {"on": True, "true": True, "yes": True, "1": True} | {
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: its parser, and its description for people.

    `parse` raises ValueError with a description of valid texts.
    """

    name: str
    parse: Callable[[str], Any]
    shown_default: str
    about: str
    secret: bool


def setting(
    name: str,
    parse: Callable[[str], Any],
    default: Any,
    about: str,
    *,
    shown: str = "",
    secret: bool = False,
) -> Any:
    """A field of a group of settings, which the environment variable `name` fills."""
    extra: Any = {VARIABLE: Variable(name, parse, shown, about, secret)}
    return Field(default, repr=not secret, description=about, json_schema_extra=extra)


VARIABLE: Final = "variable"


class SettingsGroup(BaseModel):
    """Settings of one subject: immutable, each field with its environment variable."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=False
    )

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The environment variable of each field."""
        variables: dict[str, Variable] = {}
        for name, field in cls.model_fields.items():
            extra: Any = field.json_schema_extra
            variables[name] = extra[VARIABLE]
        return variables

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Self:
        """The group with the values of environment variables. Raises ConfigError."""
        return cls(
            **{
                name: parsed(variable, texts[variable.name])
                for name, variable in cls.variables().items()
                if variable.name in texts
            }
        )


def any_text(text: str) -> str:
    """The text itself."""
    return text


def store_url(text: str) -> str:
    """A database by its URL."""
    if text.partition("://")[0] not in SCHEMES:
        raise ValueError("postgresql://user@host/database or sqlite:///file.db")
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """Parses a whole number within these bounds."""

    def parse(text: str) -> int:
        # int() alone would also take "1_000", "+5" and digits of other scripts.
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Parses one of these words."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(" or ".join(words))
        return text.lower()

    return parse


def host_and_port(text: str) -> tuple[str, int]:
    """`host`, `host:port`, an IPv6 address, or `[v6]:port`; port 0 where none is named."""
    host, _, port = text.rpartition(":")
    if text.endswith("]") or not host or (":" in host and not host.startswith("[")):
        host, port = text, "0"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    number = int(port[:6]) if port.isascii() and port.isdigit() else -1
    try:
        valid = bool(IPv6Address(host) if ":" in host else re.fullmatch(r"[0-9A-Za-z._-]+", host))
    except ValueError:
        valid = False
    if not valid or not 0 <= number <= 65_535:
        raise ValueError("a host such as 10.0.0.5, or host:port")
    return host, number


def address_or_off(text: str) -> str:
    """The address of this machine for others, or `off`."""
    if text.lower() == "off":
        return "off"
    try:
        host_and_port(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from None
    return text


def switch(text: str) -> bool:
    """On or off."""
    if text.lower() not in SWITCH:
        raise ValueError("on or off")
    return SWITCH[text.lower()]


def several(text: str) -> tuple[str, ...]:
    """Several texts, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def several_stores(text: str) -> tuple[str, ...]:
    """Durable stores: directories, SQLite files, databases."""
    targets = several(text)
    for target in targets:
        scheme, separator, _ = target.partition("://")
        known = scheme in ("postgresql", "postgres", "sqlite") if separator else True
        if not (known and target.isprintable() and not target.startswith("memory:")):
            raise ValueError("directories or URLs such as sqlite:////srv/shop.db, with commas")
    return targets


def several_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses or networks, separated by commas."""
    try:
        return tuple(ip_network(part) for part in several(text))
    except ValueError:
        raise ValueError("addresses or networks such as 203.0.113.7,10.0.0.0/8") from None


def several_origins(text: str) -> tuple[str, ...]:
    """Origins of web pages, exact, or `*`."""
    origins = tuple(part.rstrip("/").lower() for part in several(text))
    if not all(origin == "*" or is_origin(origin) for origin in origins):
        raise ValueError("origins such as https://shop.example, separated by commas, or *")
    return origins


def is_origin(text: str) -> bool:
    """Whether a text is a scheme, a host and an optional port, and nothing else."""
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


def http_url(text: str) -> str:
    """An address on the web, without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://shop.example")
    return text.rstrip("/")


def loopback(text: str) -> str:
    """An address on this machine."""
    parts = urlsplit(http_url(text))
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("an address on this machine, such as http://127.0.0.1:12111")
    return text.rstrip("/")


def currency_code(text: str) -> str:
    """A currency by its three letters."""
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise ValueError("three letters, such as eur")
    return text.lower()


def time_of_day(text: str) -> time:
    """An hour and a minute."""
    hour, colon, minute = text.partition(":")
    try:
        digits = text.replace(":", "", 1)
        if not (colon and len(minute) == 2 and digits.isascii() and digits.isdecimal()):
            raise ValueError
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError("a time of day such as 08:30") from None


def time_zone(text: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("the name of a time zone such as Europe/Berlin, or UTC") from None


def dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env` file; empty if there is none. Raises ConfigError."""
    try:
        # Values are not expanded: a password may contain `${`.
        values = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text in UTF-8: {error}") from error
    return {name: text for name, text in values.items() if text is not None}


def parsed(variable: Variable, text: str) -> Any:
    """The value of a text. Raises ConfigError with a description of valid texts."""
    has = f"{variable.name}" if variable.secret else f"{variable.name} is {text!r}; it"
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ConfigError(f"{has} should be text in UTF-8.")
    try:
        return variable.parse(text)
    except ValueError as error:
        raise ConfigError(f"{has} should be {error}.") from None
