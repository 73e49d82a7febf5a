"""Settings: the address of the service, its clients, and its logs."""

from fancymonkey.settings.fields import (
    FORMATS,
    LEVELS,
    SettingsGroup,
    any_text,
    http_url,
    one_of,
    setting,
    several,
    several_origins,
    switch,
    whole,
)


class ServerSettings(SettingsGroup):
    """The address of the service, its clients, and its logs."""

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
    demo: bool = setting(
        "DEMO",
        switch,
        False,
        "`on` runs a fake Stripe inside the service, so that buying works from the shop "
        "to a paid order without keys. No money moves. Refused together with real keys.",
        shown="off",
    )
    rate_limit: bool = setting(
        "RATE_LIMIT",
        switch,
        True,
        "`off` disables the limits on requests per client, for measurements.",
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
        "Addresses or networks of your reverse proxies, separated by commas: only they may state a "
        "client's address (`X-Forwarded-For`). Limits count per client.",
        shown="none",
    )
    log_format: str = setting(
        "LOG_FORMAT",
        one_of(*FORMATS),
        "text",
        "`text` for people or `json` for machines, one line per event.",
        shown="text",
    )
    log_level: str = setting(
        "LOG_LEVEL",
        one_of(*LEVELS),
        "info",
        "The lowest level to log: `debug`, `info`, `warning` or `error`.",
        shown="info",
    )
    otlp_endpoint: str | None = setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        http_url,
        None,
        "The URL of an OpenTelemetry collector for traces over HTTP: `http://127.0.0.1:4318`. It "
        "needs the extra `otel`. Each request becomes a span, and takes a little longer.",
        shown="none",
    )

    @property
    def url(self) -> str:
        """The address of the service for programs on this machine; empty with port 0."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        bracketed = f"[{host}]" if ":" in host else host
        return f"http://{bracketed}:{self.port}" if self.port else ""
