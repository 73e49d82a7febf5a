"""`fancymonkey check`: what the service would make of a products.json."""

from pathlib import Path

import click

from fancymonkey.commands.common import emit, json_option
from fancymonkey.engine.words import counted
from fancymonkey.errors import DataError
from fancymonkey.store.products_file import read_products
from fancymonkey.store.products_report import assumptions


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Say what the service would make of a products.json, and change nothing.

    What the file leaves open is told line by line, with what is taken for it. Exit code 1 where
    the file is refused, with the line and the reason.
    """
    try:
        catalogue = read_products(file.read_bytes(), file.name)
    except DataError as error:
        if not as_json:
            raise
        emit({"taken": False, "reason": str(error)})
        raise SystemExit(1) from error
    assumed = assumptions(catalogue)
    sizes = sum(len(one.sizes) for one in catalogue.products.values())
    if as_json:
        emit(
            {
                "taken": True,
                "products": len(catalogue.products),
                "sizes": sizes,
                "assumed": assumed,
            }
        )
        return
    for text in assumed:
        click.echo(f"{file.name}, {text}")
    click.echo(
        f"{counted(len(catalogue.products), 'product')} and {counted(sizes, 'size')} can be taken "
        f"in; {counted(len(assumed), 'thing')} had to be assumed."
    )
