"""`fancymonkey location`: manages locations, in a stopped store or through the running server."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, json_option, run
from fancymonkey.core.locations.edit import AddLocation
from fancymonkey.core.locations.lookup import unknown_location
from fancymonkey.core.locations.postal_codes import Table
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError, StoreLocked
from fancymonkey.services.container import opened_engine
from fancymonkey.services.locations.locations import (
    PICKUP_LEAD_DAYS_MAX,
    PRIORITY_MAX,
    InvalidLocation,
    changed_location,
    close_if_empty,
    edit_command,
    location_json,
    new_location,
)
from fancymonkey.services.locations.postal_codes import read_geonames, table_command
from fancymonkey.services.sales.orders import OrderIndex, orders_to_ship_at
from fancymonkey.settings.settings import Settings
from fancymonkey.text import counted

ACTOR = "shell"
PATH = "/api/admin/locations"
Work = Callable[[Engine], Awaitable[Answer]]

url_option = click.option(
    "--url", metavar="URL", help="URL of the running server. [the address of `serve`]"
)
OPTIONS = (data_option, url_option, json_option)
FIELDS = (
    click.option("--name", help="The name of the location."),
    click.option("--address", help="The address, as it stands on a packing slip."),
    click.option("--country", help="The country, by the two letters of ISO 3166."),
    click.option("--postal-code", help="The postal code."),
    click.option("--latitude", type=float, help="Degrees north."),
    click.option("--longitude", type=float, help="Degrees east."),
    click.option("--time-zone", help="The time zone, as Europe/Berlin."),
    click.option("--priority", type=click.IntRange(1, PRIORITY_MAX), help="1 comes first."),
    click.option("--sells-online/--no-sells-online", default=None, help="It sells online."),
    click.option("--pickup/--no-pickup", default=None, help="Buyers may pick up there."),
    click.option(
        "--pickup-lead-days",
        type=click.IntRange(0, PICKUP_LEAD_DAYS_MAX),
        help="Days until units of other locations can be picked up there.",
    ),
    click.option("--accepts-returns/--no-accepts-returns", default=None, help="Takes returns."),
    click.option(
        "--receives-purchases/--no-receives-purchases", default=None, help="Takes purchases."
    ),
)


def _with_options(*options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group()
def location() -> None:
    """List, add, change and close the locations that keep stock."""


@location.command("list")
@_with_options(*OPTIONS)
def list_locations(data: str | None, url: str | None, as_json: bool) -> None:
    """List the locations, by priority."""
    choose_store(data)
    settings = Settings.load()
    answer = run(_listed(settings, url))
    if as_json:
        _emit({"locations": answer["locations"]})
        return
    for row in answer["locations"]:
        state = "" if row["active"] else "closed"
        click.echo(f"{row['id']:<20}{row['name']:<30}{row['country']:<4}{state}".rstrip())


@location.command()
@click.argument("id_", metavar="ID")
@_with_options(*FIELDS, *OPTIONS)
def add(id_: str, data: str | None, url: str | None, as_json: bool, **fields: Any) -> None:
    """Add a location, with a slug as its ID. Its stock begins at zero."""
    given = _given(fields)
    if "name" not in given:
        given["name"] = id_

    async def work(engine: Engine) -> Answer:
        new = new_location(engine, id_, given)
        return await engine.submit(AddLocation(location=new, actor=ACTOR))

    _finish(_do(data, url, id_, work, PATH, _body(id_, given)), as_json, "{name} was added.")


@location.command()
@click.argument("id_", metavar="ID")
@click.option("--reopen", is_flag=True, help="Reopen a closed location.")
@_with_options(*FIELDS, *OPTIONS)
def edit(
    id_: str, reopen: bool, data: str | None, url: str | None, as_json: bool, **fields: Any
) -> None:
    """Change the given fields of a location."""
    given = _given(fields)

    async def work(engine: Engine) -> Answer:
        present = engine.view.locations.get(id_)
        if present is None:
            return unknown_location(id_)
        after = changed_location(present, given)
        command = edit_command(present, after, reopen=reopen, reason="", actor=ACTOR)
        return await engine.submit(command)

    body = _body(id_, given) | ({"active": True} if reopen else {})
    _finish(_do(data, url, id_, work, PATH, body, put=True), as_json, "{name} was changed.")


@location.command()
@click.argument("id_", metavar="ID")
@_with_options(*OPTIONS)
def close(id_: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Close an empty location; its history stays."""

    async def work(engine: Engine) -> Answer:
        if id_ not in engine.view.locations:
            return unknown_location(id_)
        refused = await orders_to_ship_at(OrderIndex(engine), id_)
        return refused or await close_if_empty(engine, id_, actor=ACTOR)

    answer = _do(data, url, id_, work, f"{PATH}/close", {"id": id_})
    _finish(answer, as_json, "{name} is closed.")


def _emit(value: Any) -> None:
    """Prints JSON with coordinates as numbers."""
    click.echo(msgspec.json.Encoder(decimal_format="number").encode(value))


@location.command("import-postal-codes")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_with_options(*OPTIONS)
def import_postal_codes(file: Path, data: str | None, url: str | None, as_json: bool) -> None:
    """Import a postal FILE of GeoNames, as DE.txt, so that routing knows its codes."""
    choose_store(data)
    settings = Settings.load()
    try:
        with file.open(encoding="utf-8") as lines:
            tables = read_geonames(lines)
    except UnicodeDecodeError:
        raise DataError(f"{file} is not a text in UTF-8: unpack the archive first.") from None
    run(_store_tables(settings, url, tables))
    countries = sorted({name.partition(" ")[0] for name in tables})
    codes = sum(map(len, tables.values()))
    if as_json:
        _emit({"countries": countries, "codes": codes})
    else:
        click.echo(f"{counted(codes, 'entry', 'entries')} of {', '.join(countries)} imported.")


async def _store_tables(settings: Settings, url: str | None, tables: dict[str, Table]) -> None:
    if url is None:
        try:
            async with opened_engine(settings) as engine:
                for name, table in tables.items():
                    answer = await engine.submit(table_command(engine, name, table, actor=ACTOR))
                    assert not isinstance(answer, Refused)  # it expects no version
                return
        except StoreLocked:
            url = address(settings)
    for name, table in tables.items():
        body = {"country": name.partition(" ")[0], "codes": table}
        secret = settings.accounts.admin_password
        await ask(settings, url, f"{PATH}/postal-codes", body, secret=secret, put=True)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _body(id_: str, given: dict[str, Any]) -> dict[str, Any]:
    """The same fields as the body of a request."""
    camel = {}
    for name, value in given.items():
        first, *others = name.split("_")
        camel[first + "".join(word.title() for word in others)] = value
    return {"id": id_, **camel}


async def _listed(settings: Settings, url: str | None) -> dict[str, Any]:
    if url is None:
        try:
            async with opened_engine(settings) as engine:
                rows = engine.view.locations.values()
                return {"locations": [location_json(row) for row in rows]}
        except StoreLocked:
            url = address(settings)
    return await ask(settings, url, PATH, secret=settings.accounts.admin_password, get=True)


def _do(
    data: str | None,
    url: str | None,
    id_: str,
    work: Work,
    path: str,
    body: dict[str, Any],
    *,
    put: bool = False,
) -> dict[str, Any]:
    """The location after the work in the store, or after a request to the server that has it."""
    choose_store(data)
    settings = Settings.load()

    async def asked(server: str) -> dict[str, Any]:
        secret = settings.accounts.admin_password
        return await ask(settings, server, path, body, secret=secret, put=put)

    async def done() -> dict[str, Any]:
        if url is not None:
            return await asked(url)
        try:
            return await _in_own_store(settings, id_, work)
        except StoreLocked:
            return await asked(address(settings))

    return run(done())


async def _in_own_store(settings: Settings, id_: str, work: Work) -> dict[str, Any]:
    async with opened_engine(settings) as engine:
        try:
            answer = await work(engine)
        except InvalidLocation as error:
            raise DataError(str(error)) from None
        if isinstance(answer, Refused):
            raise DataError(answer.message)
        return {"location": location_json(engine.view.locations[id_])}


def _finish(answer: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        _emit({"location": answer["location"]})
    else:
        click.echo(words.format(**answer["location"]))
