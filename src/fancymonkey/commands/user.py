"""`fancymonkey user`: accounts from the shell, on a stopped store or through the running server."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from fancymonkey.accounts import two_factor
from fancymonkey.accounts.accounts import Accounts
from fancymonkey.accounts.model import Denied, Role
from fancymonkey.commands.ask_server import address, ask
from fancymonkey.commands.common import choose_store, data_option, emit, json_option, run
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import ConfigError, StoreLocked, StoreUnavailable
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store

ACTOR = "shell"
Work = Callable[[Accounts], Awaitable[dict[str, Any]]]

url_option = click.option(
    "--url", metavar="URL", help="The running server to ask. [where serve would listen]"
)
role_type = click.Choice([str(role) for role in Role])
OPTIONS = (data_option, url_option, json_option)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.group()
def user() -> None:
    """List, add, change and remove accounts. Passwords are asked for, or read from stdin."""


@user.command("list")
@_options
def list_users(data: str | None, url: str | None, as_json: bool) -> None:
    """Show the accounts."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        from fancymonkey.web.admin_api.users import user_out

        return {"users": [user_out(one) for one in await accounts.users.all()]}

    told = _do(data, url, work, "/api/admin/users", None)
    if as_json:
        emit({"users": told["users"]})
        return
    for row in told["users"]:
        second = "second factor" if row["secondFactor"] else ""
        click.echo(f"{row['name']:<30}{row['role']:<8}{second}".rstrip())


@user.command()
@click.argument("name")
@click.option("--role", type=role_type, default="staff", show_default=True, help="What it may do.")
@_options
def add(name: str, role: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Make an account."""
    password = _new_password()

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.add(name, Role(role), password))

    body = {"name": name, "role": role, "password": password}
    told = _do(data, url, work, "/api/admin/users/add", body)
    _say(told, as_json, "{name} is {role} now.")


@user.command("role")
@click.argument("name")
@click.argument("role", type=role_type)
@_options
def change_role(name: str, role: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Give an account another role; its logins end."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.set_role(await accounts.users.get(name), Role(role)))

    told = _do(data, url, work, "/api/admin/users/role", {"name": name, "role": role})
    _say(told, as_json, "{name} is {role} now.")


@user.command()
@click.argument("name")
@_options
def password(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Give an account a new password; its logins end."""
    new = _new_password()

    async def work(accounts: Accounts) -> dict[str, Any]:
        return _out(await accounts.users.set_password(await accounts.users.get(name), new))

    told = _do(data, url, work, "/api/admin/users/password", {"name": name, "password": new})
    _say(told, as_json, "{name} has a new password.")


@user.command()
@click.argument("name")
@_options
def remove(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Remove an account. The last owner stays."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        kept = await accounts.users.get(name)
        await accounts.users.remove(kept)
        return _out(kept.value)

    told = _do(data, url, work, "/api/admin/users/remove", {"name": name})
    _say(told, as_json, "{name} is removed.")


@user.command("reset-factor")
@click.argument("name")
@_options
def reset_factor(name: str, data: str | None, url: str | None, as_json: bool) -> None:
    """Switch off the second factor of somebody who has lost it."""

    async def work(accounts: Accounts) -> dict[str, Any]:
        kept = await accounts.users.get(name)
        return _out(await two_factor.switch_off(accounts.users, kept))

    told = _do(data, url, work, "/api/admin/users/reset-factor", {"name": name})
    _say(told, as_json, "{name} has no second factor any more.")


def _new_password() -> str:
    """From a prompt, twice, on a terminal; else the first line of stdin. Never an argument."""
    if sys.stdin.isatty():
        found: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return found
    found = sys.stdin.readline().rstrip("\r\n")
    if not found:
        raise ConfigError("Give the password on stdin, one line, or run this on a terminal.")
    return found


def _do(data: str | None, url: str | None, work: Work, path: str, body: Any) -> dict[str, Any]:
    choose_store(data)
    return run(_done(Settings.load(), url, work, path, body))


async def _done(
    settings: Settings, url: str | None, work: Work, path: str, body: Any
) -> dict[str, Any]:
    if url is not None:
        return await _asked(settings, url, path, body)
    try:
        return await _here(settings, work, path, body)
    except StoreLocked:
        return await _asked(settings, address(settings), path, body)


async def _asked(settings: Settings, url: str, path: str, body: Any) -> dict[str, Any]:
    """What the running server answers, which wants the admin password for this."""
    if not settings.accounts.admin_password:
        raise ConfigError(
            f"The server at {url} has the store. Set ADMIN_PASSWORD, as it has it, to ask it."
        )
    return await ask(
        settings, url, path, body, secret=settings.accounts.admin_password, get=body is None
    )


async def _here(settings: Settings, work: Work, path: str, body: Any) -> dict[str, Any]:
    from fancymonkey.web.context import accounts_of

    engine = Engine(open_store(settings.target))
    await engine.open()
    try:
        accounts = accounts_of(engine, settings)
        told = await work(accounts)
        if body is not None:
            await accounts.acts.record(ACTOR, "local", f"POST {path}", 200, body["name"])
        return told
    except Denied as denied:
        raise StoreUnavailable(str(denied)) from None
    finally:
        await engine.close()


def _out(found: Any) -> dict[str, Any]:
    from fancymonkey.web.admin_api.users import user_out

    return {"user": user_out(found)}


def _say(told: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        emit({"user": told["user"]})
    else:
        click.echo(words.format(**told["user"]))
