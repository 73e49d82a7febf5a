"""Settings: accepted and refused values, messages, and secrets that stay secret."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fancymonkey.errors import ConfigError
from fancymonkey.settings.event_names import EventName
from fancymonkey.settings.settings import (
    FORMER_SETTINGS,
    Settings,
    declarations,
    reference,
    without_password,
)
from fancymonkey.settings.unknown_names import nearly_settings

NO_FILE = Path("/nonexistent/.env")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def load(**environ: str) -> Settings:
    return Settings.load(environ, NO_FILE)


def test_without_any_variable_everything_has_its_default() -> None:
    settings = load()
    assert settings == Settings()
    assert settings.target == "data"
    assert settings.holds.reservation_ttl_seconds == 1800
    assert settings.accounts.admin_password is None


def test_every_variable_is_read() -> None:
    settings = load(
        DATABASE_URL="postgresql://u:p@h/d",
        DATA_DIR="/srv/shop",
        HOST="0.0.0.0",
        PORT="80",
        ADMIN_PASSWORD="pass, word ${HOME}",
        STRIPE_WEBHOOK_SECRET="whsec_old, whsec_new",
        CRON_SECRET="tick",
        RESERVATION_TTL_SECONDS="60",
        RATE_LIMIT="off",
        CORS_ORIGINS="https://shop.example, http://LOCALHOST:3000/",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8",
        LOG_FORMAT="JSON",
        LOG_LEVEL="Warning",
    )
    assert settings == Settings.of(
        database_url="postgresql://u:p@h/d",
        data_dir="/srv/shop",
        host="0.0.0.0",
        port=80,
        admin_password="pass, word ${HOME}",
        stripe_webhook_secrets=("whsec_old", "whsec_new"),
        cron_secret="tick",
        reservation_ttl_seconds=60,
        rate_limit=False,
        cors_origins=("https://shop.example", "http://localhost:3000"),
        trusted_proxies=("127.0.0.1", "10.0.0.0/8"),
        log_format="json",
        log_level="warning",
    )
    assert settings.target == "postgresql://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("OWNER_EMAIL", "admin", "not admin"),
        ("OWNER_EMAIL", "ＡＤＭＩＮ", "not admin"),
        ("OWNER_EMAIL", "the owner", "without spaces"),
        ("PORT", "eighty", "0 to 65535"),
        ("PORT", "65536", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("PORT", "8_0", "0 to 65535"),
        ("PORT", "٨٠", "0 to 65535"),
        ("PORT", "9" * 5000, "0 to 65535"),
        ("RESERVATION_TTL_SECONDS", "0", "1 to 86400"),
        ("RESERVATION_TTL_SECONDS", "86401", "1 to 86400"),
        ("RESERVATION_TTL_SECONDS", "1.5", "1 to 86400"),
        ("RATE_LIMIT", "maybe", "on or off"),
        ("CORS_ORIGINS", "shop.example", "https://shop.example"),
        ("CORS_ORIGINS", "https://shop.example/path", "https://shop.example"),
        ("CORS_ORIGINS", "https://a.example,ftp://b.example", "https://shop.example"),
        ("CORS_ORIGINS", "https://u@b.example", "https://shop.example"),
        ("CORS_ORIGINS", "https://b.example:port", "https://shop.example"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("LOG_LEVEL", "loud", "debug or info"),
        ("HOST", "a\ud800", "UTF-8"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_what_it_should_be(
    name: str, text: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(**{name: text})
    assert str(raised.value).startswith(f"{name} is {text!r}; it should be ")
    assert hint in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATABASE_URL", "mysql://root:hunter2@h/d"),
        ("ADMIN_PASSWORD", "fancymonkey2024"),
        ("CRON_SECRET", "hunter2\0"),
    ],
)
def test_a_bad_secret_is_refused_without_showing_it(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(**{name: text})
    assert str(raised.value).startswith(f"{name} should be ")
    assert text not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_text_form_shows_no_secret() -> None:
    secrets = ("s3cret-a", "s3cret-b-long", "s3cret-c", "s3cret-d")
    settings = load(
        DATABASE_URL=f"postgresql://u:{secrets[0]}@h/d",
        ADMIN_PASSWORD=secrets[1],
        STRIPE_WEBHOOK_SECRET=secrets[2],
        CRON_SECRET=secrets[3],
    )
    assert "port=8000" in repr(settings)
    assert not any(secret in repr(settings) for secret in secrets)


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "PORT=1\nHOST='h'\nADMIN_PASSWORD=words ${PORT} b\nDATABASE_URL=sqlite:///x.db\n"
    )
    settings = Settings.load({"PORT": "2", "DATABASE_URL": ""}, file)
    assert (settings.server.port, settings.server.host) == (2, "h")
    assert settings.accounts.admin_password == "words ${PORT} b"
    assert settings.target == "data"


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        Settings.load({}, file)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("postgresql://ann:pw@host:5432/shop?sslmode=require", "postgresql://ann@host:5432/shop"),
        ("postgresql:///shop?host=/run&password=pw", "postgresql:///shop"),
        ("postgresql://ann:p@w@host/shop", "postgresql://ann@host/shop"),
        ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
        ("/srv/a@b?", "/srv/a@b?"),
    ],
)
def test_a_target_is_shown_without_its_password(target: str, shown: str) -> None:
    assert without_password(target) == shown


def test_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_setting_has_one_variable_and_one_group() -> None:
    names = [variable.name for variable in declarations()]
    assert len(names) == len(set(names)) > 50
    fields = [field for _, group in Settings() for field in type(group).model_fields]
    assert len(fields) == len(set(fields)) == len(names)


def test_settings_are_changed_by_the_name_of_the_field() -> None:
    settings = Settings.of(port=80, admin_password="words").changed(quiet_hours=None, port=81)
    assert (settings.server.port, settings.accounts.admin_password) == (81, "words")
    with pytest.raises(TypeError, match="no setting prot"):
        Settings.of(prot=80)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().server.port = 81  # type: ignore[misc]


@pytest.mark.parametrize("name", [setting.name for setting in declarations() if setting.secret])
def test_a_secret_may_be_in_a_file(name: str, tmp_path: Path) -> None:
    texts = {"DATABASE_URL": "sqlite:///shop.db", "ALERT_URLS": "json://host/a"}
    texts |= {"MIGRATION_TARGETS": "/srv/shop"}
    text = texts.get(name, "a secret of some words")
    file = tmp_path / "secret"
    file.write_text(f"{text}\n")
    assert load(**{f"{name}_FILE": str(file)}) == load(**{name: text}) != load()
    with pytest.raises(ConfigError, match="not both"):
        load(**{name: text, f"{name}_FILE": str(file)})
    for content in (b"", b" \n", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=f"{name}_FILE"):
            load(**{f"{name}_FILE": str(file)})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(**{f"{name}_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize(("former", "present"), FORMER_SETTINGS.items())
def test_a_former_name_is_refused_with_the_present_one(former: str, present: str) -> None:
    names = {variable.name for variable in declarations()}
    assert present in names
    assert former not in names
    for value in ("5", "off", "wrong"):
        with pytest.raises(ConfigError, match=rf"^The setting {former} is now called {present}\b"):
            load(**{former: value})
    assert load(**{former: ""}) == Settings()  # an empty variable counts as not set


def test_events_are_chosen_by_present_and_former_names() -> None:
    present = load(ALERT_EVENTS="stock.restocked, store.unhealthy").alerts.alert_events
    assert present == (EventName.STOCK_RESTOCKED, EventName.STORE_UNHEALTHY)
    assert load(ALERT_EVENTS="Stock.Back,store.trouble").alerts.alert_events == present
    with pytest.raises(ConfigError, match=r"some of stock\.low, stock\.out, stock\.restocked"):
        load(ALERT_EVENTS="stock.back,stock.gone")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(
            ("FULFILLMENT", "FULFILMENT"),
            ("SPLIT_LINE", "SPLIT_LINES"),
            ("fulfilment", "FULFILMENT"),
        ),
        *(("MAX_PARCEL", "MAX_PARCELS"), ("ORDER_DATA_DAY", "ORDER_DATA_DAYS")),
        *(("CORS_ORIGIN", "CORS_ORIGINS"), ("TRUSTED_PROXY", "TRUSTED_PROXIES"), ("port", "PORT")),
        *(("RESERVATION_TTL", "RESERVATION_TTL_SECONDS"), ("STRIPE_SECRET", "STRIPE_SECRET_KEY")),
        *(
            ("LOGLEVEL", "LOG_LEVEL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("Cron_Secret", "CRON_SECRET"),
        ),
        ("FANCYMONKEY_FULFILMENT", "FULFILMENT"),
        ("ADMIN_PASSWORD_FILES", "ADMIN_PASSWORD_FILE"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_named(
    name: str, meant: str, tmp_path: Path
) -> None:
    sentence = f"{name} is not a setting and has no effect. Did you mean {meant}?"
    assert load(**{name: "on_shipment"}).unknown_names == (sentence,)
    (tmp_path / ".env").write_text(f"{name}=s3cret-value\n")
    settings = Settings.load({}, tmp_path / ".env")
    assert settings.unknown_names == (sentence,)
    assert settings.changed(demo=True).unknown_names == (sentence,)
    assert load(**{name: " "}).unknown_names == ()


def test_only_a_secret_is_read_from_a_file() -> None:
    (sentence,) = load(PORT_FILE="/run/port").unknown_names
    assert sentence.startswith("PORT_FILE has no effect: PORT is not a secret")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "HOSTNAME",
            "HOSTS",
            "PGHOST",
            "PGPORT",
            "POSTGRES_PORT",
            "DATABASE_URL_UNPOOLED",
            "HOME",
        ),
        *("DATABASE_URL_DIRECT", "POSTGRES_URL", "TZ", "LANG", "PATH", "NODE_ENV", "VERCEL_URL"),
        *("STRIPE_PUBLISHABLE_KEY", "STRIPE_API_VERSION", "NEXT_PUBLIC_SHOP_URL", "LOG", "ADMIN"),
        *("FANCYMONKEY_SERVICE_HOST", "FANCYMONKEY_SERVICE_PORT", "SENTRY_DSN", "http_proxy"),
        *("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME", "BACKUP", "HOLD", "CURRENT", "DEBUG"),
    ],
)
def test_variables_of_other_programs_are_not_named(name: str) -> None:
    assert load(**{name: "x"}).unknown_names == ()


def test_a_setting_under_its_own_name_ends_the_warning() -> None:
    assert load(FULFILLMENT="x", FULFILMENT="on_shipment").unknown_names == ()
    assert load(FANCYMONKEY_PORT="tcp://10.0.0.7:80").unknown_names == ()  # set by Kubernetes


def test_no_setting_is_nearly_another_one() -> None:
    for declared in declarations():
        assert nearly_settings({declared.name: "x"}, declarations()) == ()
