"""Settings: the store of the stock."""

from fancymonkey.settings.fields import SettingsGroup, address_or_off, any_text, setting, store_url


class StoreSettings(SettingsGroup):
    """The store of the stock."""

    database_url: str | None = setting(
        "DATABASE_URL",
        store_url,
        None,
        "The database that holds the stock: `postgresql://user:password@host/database` or "
        "`sqlite:///file.db` (three slashes: relative, four: absolute). If unset, the stock "
        "is in JSON files in `DATA_DIR`. `--data` on the command line overrides both.",
        shown="none",
        secret=True,
    )
    data_dir: str = setting(
        "DATA_DIR",
        any_text,
        "data",
        "The directory of the JSON files. Not used if `DATABASE_URL` is set.",
        shown="./data",
    )
    cluster_address: str | None = setting(
        "CLUSTER_ADDRESS",
        address_or_off,
        None,
        "Several servers on one PostgreSQL: where those on other machines reach this one, `host` "
        "or `host:port`; without a port any free one. If unset, the address on the way to a "
        "database on another machine. `off`: nothing is sent between machines.",
        shown="worked out",
    )
