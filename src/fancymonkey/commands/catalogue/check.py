"""`fancymonkey check`: checks a products.json before it is imported."""

from pathlib import Path

import click

from fancymonkey.commands.common import emit, json_option
from fancymonkey.core.catalogue.shared_ids import shared_ids
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.edits.assumptions import assumptions
from fancymonkey.store.products_file.edits.intake import described
from fancymonkey.store.products_file.edits.mistakes import Mistakes
from fancymonkey.store.products_file.edits.stock_edits import stock_mistakes
from fancymonkey.store.products_file.read import Catalogue, read_products
from fancymonkey.store.products_file.saved_versions import Versions
from fancymonkey.store.shared.files import Disk
from fancymonkey.text import counted


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check a products.json, and change nothing.

    Prints each assumption about the file, line by line. In the folder of a store,
    the file is compared with the products.json that the store wrote last. Exit code 1 if
    the file is refused, with the line and the reason.
    """
    try:
        catalogue = read_products(file.read_bytes(), file.name)
    except DataError as error:
        if not as_json:
            raise
        emit({"taken": False, "reason": str(error), "mistakes": [str(error)]})
        raise SystemExit(1) from error
    mistakes = [f"{file.name}, {text}" for text in _mistakes(catalogue, file)]
    if mistakes:
        if as_json:
            emit({"taken": False, "reason": mistakes[0], "mistakes": mistakes})
            raise SystemExit(1)
        raise DataError("\n".join(mistakes))
    assumed = assumptions(catalogue)
    shared = shared_ids(
        size.item for product in catalogue.products.values() for size in product.sizes
    )
    sizes = sum(len(product.sizes) for product in catalogue.products.values())
    if as_json:
        emit(
            {
                "taken": True,
                "products": len(catalogue.products),
                "sizes": sizes,
                "assumed": assumed,
                "sharedIds": shared,
            }
        )
        return
    for text in (*assumed, *shared):
        click.echo(f"{file.name}, {text}")
    click.echo(
        f"{counted(len(catalogue.products), 'product')} and {counted(sizes, 'size')} can be "
        f"imported; {counted(len(assumed), 'assumption')} made."
    )


def _mistakes(catalogue: Catalogue, file: Path) -> list[str]:
    """Errors of the file, also compared with the last state of a store in the same folder."""
    written = [
        described(version) for version in Versions(Disk(), file, file.parent / "state").stored()
    ]
    before = {
        id_: [version[id_] for version in written if id_ in version] for id_ in catalogue.products
    }
    keys = {
        id_: [size.item.size for size in product.sizes]
        for version in written
        for id_, product in version.items()
    }
    return [
        *Mistakes(catalogue, before, keys).texts(),
        *stock_mistakes(catalogue, lambda id_: before[id_], lambda sku: {}),
    ]
