"""`fancymonkey migrate --live`: migrates the running server and shows the progress."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import click
import msgspec

from fancymonkey.commands.ask_server import address, can_ask, second_factor
from fancymonkey.commands.common import emit, progress, run
from fancymonkey.errors import ConfigError, StoreUnavailable
from fancymonkey.settings.settings import Settings, without_password
from fancymonkey.store.url import sqlite_path
from fancymonkey.text import counted

PATIENCE_SECONDS = 60.0


def move_live(target: str, url: str | None, *, as_json: bool) -> None:
    """Migrates the server to `target`. Raises ConfigError, StoreUnavailable."""
    settings = Settings.load()
    place = _absolute(target)
    result = run(_follow(settings, url or address(settings), place, quiet=as_json))
    if as_json:
        emit(result)
        return
    setting = f"DATABASE_URL={without_password(target)}" if "://" in target else f"--data {target}"
    click.echo(
        f"The shop now uses {result['to']}. Copied and compared: "
        f"{counted(result['skus'], 'SKU')} and "
        f"{counted(result['revision'], 'ledger entry', 'ledger entries')}, "
        f"{result['caughtUp']} of them added during the copy. "
        f"Buyers waited for {result['pauseMs']:g} ms.\n"
        f"Before the next start set {setting}. The old store keeps its state of that moment."
    )


def _absolute(target: str) -> str:
    """The same target, independent of the server's current directory."""
    if "://" not in target:
        return str(Path(target).resolve())
    file = sqlite_path(target)
    return target if file is None else f"sqlite:///{file.resolve()}"


async def _follow(settings: Settings, url: str, place: str, *, quiet: bool) -> dict[str, Any]:
    last: dict[str, Any] = {
        "step": "failed",
        "detail": "The server closed the connection. Run the command again.",
    }
    with progress("Moving", hidden=quiet) as show:
        async with aclosing(_lines(settings, url, place)) as lines:
            async for last in lines:
                if last["step"] in ("done", "failed"):
                    break
                show(last["done"], last["total"])
    if last["step"] != "done":
        raise StoreUnavailable(f"{last.get('detail')} The shop continues with its old store.")
    return last


async def _lines(
    settings: Settings, url: str, place: str, code: dict[str, str] | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    """Yields the lines of the response; asks for a `code` if the server requires one."""
    import httpx

    if not settings.accounts.admin_password:
        raise ConfigError(
            "Set ADMIN_PASSWORD to the server's value: only the owner may migrate the shop."
        )
    headers = {"Authorization": f"Bearer {settings.accounts.admin_password}", **(code or {})}
    needs_code = False
    where = url.rstrip("/") + "/api/admin/migrate"
    try:
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
            client.stream("POST", where, headers=headers, json={"to": place}) as answer,
        ):
            if answer.status_code != 200:
                body = await answer.aread()
                needs_code = b'"code_needed"' in body and code is None and can_ask()
                if not needs_code:
                    raise StoreUnavailable(f"The server at {url} refused: {_detail(body)}")
            else:
                async for text in answer.aiter_lines():
                    yield msgspec.json.decode(text)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StoreUnavailable(
            f"The server at {url} does not respond. Check that it is running and that --url is "
            f"its address, then run this command again. It is safe to repeat."
        ) from error

    if needs_code:
        async for progress in _lines(settings, url, place, second_factor()):
            yield progress


def _detail(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:300]
