"""Settings: the store of the stock."""

from fancymonkey.settings.fields import SettingsGroup, any_text, setting, store_url


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
