"""`fancymonkey storefront`: the shop's pages as a folder for a static host."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from fancymonkey.errors import ConfigError, DataError
from fancymonkey.storefront import files, for_host


@click.command()
@click.option("--to", "target", required=True, metavar="DIR", help="The folder to write.")
@click.option(
    "--api", required=True, metavar="URL", help="Where this service is, as buyers reach it."
)
@click.option("--force", is_flag=True, help="Write over files that are there already.")
def storefront(target: str, api: str, force: bool) -> None:
    """Write the shop's pages for a static host: a folder that needs nothing else."""
    place = _place(api)
    folder = Path(target)
    there = [path.name for path in files() if (folder / path.name).exists()]
    if there and not force:
        raise DataError(
            f"{folder} has {', '.join(there)} already, and nothing was written. "
            "Name another folder, or overwrite them with --force."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in files():
        (folder / path.name).write_bytes(for_host(path, place))
    click.echo(
        f"{folder} has the shop's pages now. Put it on any host, and tell the service where:\n"
        "  CORS_ORIGINS=https://your-shop.example SHOP_URL=https://your-shop.example"
    )


def _place(api: str) -> str:
    """The address without a slash at its end. Raises ConfigError where it is none."""
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError("--api is an address such as https://stock.example.com.")
    return api.rstrip("/")
