"""`fancymonkey key`: API keys, in a stopped store or through the running server."""

from typing import Any

import click

from fancymonkey.accounts.accounts import Accounts
from fancymonkey.accounts.model import ApiKey, Right
from fancymonkey.commands.accounts.user import do_with_accounts, location_option, url_option
from fancymonkey.commands.common import data_option, emit, json_option
from fancymonkey.services.account_json import key_json
from fancymonkey.settings.account_names import ADMIN
from fancymonkey.text import joined

OPTIONS = (data_option, url_option, json_option)


def _options(command: Any) -> Any:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group()
def key() -> None:
    """List, create and revoke API keys. The secret of a key is shown once."""


@key.command("list")
@_options
def list_keys(data: str | None, url: str | None, as_json: bool) -> None:
    """List the keys, the latest first, without their secrets."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        now = accounts.keys.now()
        return {"keys": [key_json(row, now) for row in await accounts.keys.all()]}

    answer = do_with_accounts(data, url, work, "/api/admin/keys", None)
    if as_json:
        emit({"keys": answer["keys"]})
        return
    for row in answer["keys"]:
        ended = "ended" if row["ended"] else row["endsAt"] or "no end"
        scope = joined(row["locations"]) if row.get("locations") else "all locations"
        click.echo(f"{row['id']:<14}{row['right']:<7}{row['label']:<30}{scope}, {ended}")


@key.command()
@click.argument("label")
@click.option(
    "--right",
    type=click.Choice([str(right) for right in Right]),
    default="read",
    show_default=True,
    help="The right of the key.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it ends. [no end]")
@location_option
@_options
def make(
    label: str,
    right: str,
    days: int | None,
    locations: tuple[str, ...],
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Create a key and print its secret, once."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        row, secret = await accounts.keys.make(label, Right(right), ADMIN, days, locations)
        return {"key": _out(accounts, row), "secret": secret}

    body = {"label": label, "right": right, "days": days, "locations": list(locations)}
    answer = do_with_accounts(data, url, work, "/api/admin/keys/make", body)
    if as_json:
        emit({"key": answer["key"], "secret": answer["secret"]})
    else:
        click.echo(answer["secret"])


@key.command()
@click.argument("key_id", metavar="ID")
@_options
def revoke(key_id: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Revoke a key at once."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        return {"key": _out(accounts, await accounts.keys.revoke(key_id))}

    body = {"keyId": key_id}
    answer = do_with_accounts(data, url, work, "/api/admin/keys/revoke", body)
    if as_json:
        emit({"key": answer["key"]})
    else:
        click.echo(f"{answer['key']['label']} was revoked.")


def _out(accounts: Accounts, row: ApiKey) -> Any:
    return key_json(row, accounts.keys.now())
