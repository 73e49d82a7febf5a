"""`fancymonkey user`: manages users, in a stopped store or through the running server."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.accounts import Accounts
from fancymonkey.accounts.model import Denied, Role, User
from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.errors import ConfigError, StoreLocked, StoreUnavailable
from fancymonkey.services.account_json import user_json
from fancymonkey.services.container import accounts_of, opened_engine
from fancymonkey.settings.settings import Settings
from fancymonkey.text import joined

ACTOR = "shell"
Work = Callable[[Accounts], Awaitable[dict[str, Any]]]

url_option = click.option(
    "--url", metavar="URL", help="URL of the running server. [the address of `serve`]"
)
location_option = click.option(
    "--location",
    "locations",
    multiple=True,
    metavar="ID",
    help="Only this location; repeat it for several. [all]",
)
role_type = click.Choice([str(role) for role in Role])
OPTIONS = (data_option, url_option, json_option)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group()
def user() -> None:
    """List, add, change and remove users. Passwords are prompted for, or read from stdin."""


@user.command("list")
@_options
def list_users(data: str | None, url: str | None, as_json: bool) -> None:
    """List the users."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        return {"users": [user_json(user) for user in await accounts.users.all()]}

    answer = do_with_accounts(data, url, work, "/api/admin/users", None)
    if as_json:
        emit({"users": answer["users"]})
        return
    for row in answer["users"]:
        second = "second factor  " if row["secondFactor"] else ""
        scope = f"at {joined(row['locations'])}" if row.get("locations") else ""
        click.echo(f"{row['name']:<30}{row['role']:<8}{second}{scope}".rstrip())


@user.command()
@click.argument("name")
@click.option(
    "--role", type=role_type, default="staff", show_default=True, help="The role of the user."
)
@location_option
@_options
def add(
    name: str,
    role: str,
    locations: tuple[str, ...],
    data: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Add a user."""
    password = _new_password()

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.add(name, Role(role), password, locations))

    body = {"name": name, "role": role, "password": password, "locations": list(locations)}
    answer = do_with_accounts(data, url, work, "/api/admin/users/add", body)
    _print(answer, as_json, "{name} now has the role {role}.")


@user.command("role")
@click.argument("name")
@click.argument("role", type=role_type)
@_options
def change_role(name: str, role: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Change the role of a user; its sessions end."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.set_role(await accounts.users.get(name), Role(role)))

    answer = do_with_accounts(
        data, url, work, "/api/admin/users/role", {"name": name, "role": role}
    )
    _print(answer, as_json, "{name} now has the role {role}.")


@user.command()
@click.argument("name")
@location_option
@_options
def limit(
    name: str, locations: tuple[str, ...], data: str | None, url: str | None, as_json: bool
) -> None:
    """Limit a user to locations; without any, the user has the whole shop. Its sessions end."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        account = await accounts.users.get(name)
        return _out(await accounts.users.set_role(account, account.value.role, locations))

    body = {"name": name, "locations": list(locations)}
    answer = do_with_accounts(data, url, work, "/api/admin/users/limit", body)
    scope = joined(locations) if locations else "the whole shop"
    _print(answer, as_json, f"{{name}} now has {scope.replace('{', '').replace('}', '')}.")


@user.command()
@click.argument("name")
@_options
def password(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Set a new password for a user; its sessions end."""
    new = _new_password()

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.set_password(await accounts.users.get(name), new))

    answer = do_with_accounts(
        data, url, work, "/api/admin/users/password", {"name": name, "password": new}
    )
    _print(answer, as_json, "The password of {name} was changed.")


@user.command()
@click.argument("name")
@_options
def remove(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Remove a user. The last owner cannot be removed."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        account = await accounts.users.get(name)
        await accounts.users.remove(account)
        return _out(account.value)

    answer = do_with_accounts(data, url, work, "/api/admin/users/remove", {"name": name})
    _print(answer, as_json, "{name} was removed.")


@user.command("reset-factor")
@click.argument("name")
@_options
def reset_factor(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Switch off two-factor authentication of a user who has lost it."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        account = await accounts.users.get(name)
        return _out(await two_factor.switch_off(accounts.users, account))

    answer = do_with_accounts(data, url, work, "/api/admin/users/reset-factor", {"name": name})
    _print(answer, as_json, "Two-factor authentication of {name} is off.")


def _new_password() -> str:
    """Reads a password: twice from a prompt on a terminal, else the first line of stdin."""
    if sys.stdin.isatty():
        password: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return password
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise ConfigError("Send the password as one line on stdin, or run this on a terminal.")
    return password


def do_with_accounts(
    data: str | None, url: str | None, work: Work, path: str, body: Any
) -> dict[str, Any]:
    """Does the work in a stopped store, or sends the body to the running server's path."""
    choose_store(data)
    return run(_done(Settings.load(), url, work, path, body))


async def _done(
    settings: Settings, url: str | None, work: Work, path: str, body: Any
) -> dict[str, Any]:
    if url is not None:
        return await _asked(settings, url, path, body)
    try:
        return await _in_own_store(settings, work, path, body)
    except StoreLocked:
        return await _asked(settings, address(settings), path, body)


async def _asked(settings: Settings, url: str, path: str, body: Any) -> dict[str, Any]:
    """Returns the response of the running server, which requires the admin password."""
    if not settings.accounts.admin_password:
        raise ConfigError(
            f"The server at {url} is using the store. Set ADMIN_PASSWORD to the server's value, "
            f"so that this command can use the server."
        )
    return await ask(
        settings, url, path, body, secret=settings.accounts.admin_password, get=body is None
    )


async def _in_own_store(settings: Settings, work: Work, path: str, body: Any) -> dict[str, Any]:
    async with opened_engine(settings) as engine:
        accounts = accounts_of(engine, settings)
        try:
            answer = await work(accounts)
        except Denied as denied:
            raise StoreUnavailable(str(denied)) from None
        if body is not None:
            about = str(body.get("name") or body.get("label") or body.get("keyId"))
            if body.get("locations"):
                about += f" at {joined(body['locations'])}"
            await accounts.audit_log.record(ACTOR, "local", f"POST {path}", 200, about)
        return answer


def _out(user: User) -> dict[str, Any]:
    return {"user": user_json(user)}


def _print(answer: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        emit({"user": answer["user"]})
    else:
        click.echo(words.format(**answer["user"]))
