"""`fancymonkey storefront`: writes the shop pages for a static host."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from fancymonkey.errors import ConfigError, DataError
from fancymonkey.storefront import files, for_host
from fancymonkey.text import joined


@click.command()
@click.option("--to", "target", required=True, metavar="DIR", help="The folder to write.")
@click.option(
    "--api", required=True, metavar="URL", help="The URL of this service, as buyers reach it."
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def storefront(target: str, api: str, force: bool) -> None:
    """Write the shop pages for a static host into a self-contained folder."""
    place = _place(api)
    folder = Path(target)
    there = [path.name for path in files() if (folder / path.name).exists()]
    if there and not force:
        raise DataError(
            f"{folder} already has {joined(there)}. Nothing was written. Choose another folder, "
            f"or overwrite them with --force."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in files():
        (folder / path.name).write_bytes(for_host(path, place))
    click.echo(
        f"{folder} now has the shop pages. Upload it to any host, and set its address for the "
        f"service:\n"
        "  CORS_ORIGINS=https://your-shop.example SHOP_URL=https://your-shop.example"
    )


def _place(api: str) -> str:
    """Returns the address without a trailing slash. Raises ConfigError if it is not valid."""
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError("--api must be an address such as https://stock.example.com.")
    return api.rstrip("/")
