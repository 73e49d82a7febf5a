"""`fancymonkey serve`: runs the service until it is stopped."""

import errno
import logging
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from fancymonkey import __version__, gc_tuning
from fancymonkey.commands.catalogue.init import fill_empty
from fancymonkey.commands.common import choose_store, data_option, opened, run
from fancymonkey.commands.numbers import WholeNumber
from fancymonkey.commands.operation.parent import end_with_parent
from fancymonkey.errors import ConfigError, FancyMonkeyError
from fancymonkey.log_format import logging_config
from fancymonkey.settings.fields import PUBLISHED_PASSWORD
from fancymonkey.settings.settings import Settings, without_password
from fancymonkey.store.shared.permissions import open_to_others, parts_of_store, with_content
from fancymonkey.web.server.file_limits import allow_more_files

log = logging.getLogger(__name__)

STOP_SECONDS = 10
"""The time limit of running requests after SIGTERM."""

KEEP_ALIVE_SECONDS = 65
"""Longer than the minute after which common proxies close an idle connection."""

PORT_TRIES, PORT_PAUSE = 40, 0.05
"""The number of attempts at a port in use, and the seconds between two of them."""

BACKLOG = 2048
"""The most connections that wait to be accepted, if the file limit allows."""

WORKER_LOOP = "fancymonkey.web.server.worker_loop:WorkerLoop"
"""The event loop of processes that share a listening socket; it needs uvloop."""

SOCKET_MESSAGE_MAX = 64 * 1024
"""The most bytes of a WebSocket message from a client."""

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on. [HOST, else 127.0.0.1]")
@click.option("--port", type=WholeNumber(0, 65_535), help="Port to listen on. [PORT, else 8000]")
@data_option
@click.option(
    "--workers",
    type=WholeNumber(1, 256),
    default=1,
    show_default=True,
    help="Number of server processes. More than one requires PostgreSQL.",
)
@click.option("--init", "fill", is_flag=True, help="Fill an empty store with the sample catalogue.")
@click.option("--demo", is_flag=True, help="Include a fake Stripe; no money moves. [DEMO]")
def serve(
    host: str | None, port: int | None, data: str | None, workers: int, fill: bool, demo: bool
) -> None:
    """Run the service until SIGTERM or Ctrl+C; it then finishes accepted requests."""
    # The workers also read their settings from the environment.
    choose_store(data)
    os.environ.update({"HOST": host} if host else {})
    os.environ.update({} if port is None else {"PORT": str(port)})
    os.environ.update({"DEMO": "on"} if demo else {})
    settings = Settings.load()
    _check_workers(workers, settings)
    listener = listen(settings.server.host, settings.server.port)
    os.environ["PORT"] = str(listener.getsockname()[1])  # the real port, if it was 0
    with listener:
        if fill and run(fill_empty(settings.target)):
            click.echo("The store was empty and now has the sample catalogue.", err=True)
        config = _config(settings, workers)  # which also sets up the log
        for sentence in settings.unknown_names:
            log.warning("%s", sentence)
        code = _serve_alone(config, listener) if workers == 1 else _serve(config, listener)
    raise SystemExit(code)


def _check_workers(workers: int, settings: Settings) -> None:
    target = settings.target
    if workers > 1 and settings.server.demo:
        raise ConfigError("The demo's fake Stripe runs in one process. Remove --workers.")
    if workers > 1 and not target.startswith(("postgresql://", "postgres://")):
        raise ConfigError(
            f"--workers {workers} needs PostgreSQL: {without_password(target)} allows only one "
            f"process. Remove --workers, or move to PostgreSQL with `fancymonkey migrate` and "
            f"set DATABASE_URL."
        )


def listen(host: str, port: int) -> socket.socket:
    """Binds a socket without listening yet, so that no other program can take the port.

    Workers of a process that was killed free the port soon, so a port in use is tried again
    for two seconds. Raises ConfigError if the address is not available.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError(
            f"The address {host!r} is not available on this machine. Set --host."
        ) from error
    for tries_left in reversed(range(PORT_TRIES)):
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere it would let two programs share the port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or not tries_left:
                raise _refused(host, port, error) from error
            time.sleep(PORT_PAUSE)
        else:
            return listener
    raise AssertionError("the last try returns or raises")


def _refused(host: str, port: int, error: OSError) -> ConfigError:
    if isinstance(error, PermissionError):
        return ConfigError(
            f"Port {port} requires more privileges. Use a port above 1023: --port 8000."
        )
    if error.errno is not None and "in use" in os.strerror(error.errno).lower():
        return ConfigError(
            f"Port {port} on {host} is in use by another program. Stop it, or use another port: "
            f"--port {port % 65535 + 1}."
        )
    return ConfigError(f"Cannot listen on {host}, port {port}: {error.strerror}. Set --host.")


def _config(settings: Settings, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        factory=True,
        interface="asgi3",
        lifespan="on",
        loop=WORKER_LOOP if workers > 1 and find_spec("uvloop") else "auto",
        http="fancymonkey.web.server.fast_path:FastPathProtocol",
        ws="fancymonkey.web.server.websocket:WebSocketServerProtocol",
        ws_max_size=SOCKET_MESSAGE_MAX,
        ws_per_message_deflate=False,  # would compress each listener's snapshot separately
        backlog=_backlog(allow_more_files()),
        workers=workers,
        log_config=logging_config(settings),
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.server.trusted_proxies),
        forwarded_allow_ips=list(settings.server.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _backlog(files: int) -> int:
    """The backlog of connections, small enough to leave files for the rest."""
    return BACKLOG if files == 0 or files >= 4 * BACKLOG else max(16, files // 6)


def application() -> App:
    """Makes the application for one process, with settings from the environment."""
    gc_tuning.pause_collection()

    from fancymonkey.web.app import create_app

    end_with_parent()
    allow_more_files()
    settings = Settings.load()
    _warn_of_rights(settings)
    front = create_app(settings)
    app: App = front
    if settings.server.otlp_endpoint is not None:
        from fancymonkey.web.http.tracing import traced

        app = traced(app, settings.server.otlp_endpoint)
    return _Front(app, front.crowd, front.turns)


def _warn_of_rights(settings: Settings) -> None:
    """Logs a warning if other users of the machine can open the store."""
    for part in parts_of_store(settings.target):
        if open_to_others(with_content(part)):
            log.warning("other users of this machine can open %s: run `fancymonkey doctor`", part)


class _Front:
    """Passes everything on; if the start fails, the log has the reason in one line.

    Once the stock is loaded, it is excluded from garbage collection.
    """

    def __init__(self, app: App, crowd: Any, turns: Any) -> None:
        """The router that connections call directly: see `web/server/shared_connection.py`."""
        self.front, self.crowd, self.turns = app, crowd, turns

    def __call__(self, scope: Scope, receive: Any, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan":
            return self._lifespan(scope, receive, send)
        return self.front(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Any, send: Send) -> None:
        async def without_trace(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                gc_tuning.freeze_loaded_objects()
            await send({"type": message["type"]})

        try:
            await self.front(scope, receive, without_trace)
        except FancyMonkeyError as error:
            log.critical("%s", error)
            raise
        except Exception:
            log.exception("the service failed")
            raise


class _Server(uvicorn.Server):
    """The one process that serves."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the store, listens, and prints the addresses."""
        try:
            await super().startup(sockets)
        except OSError as error:  # two programs may bind a port, but only one can listen
            await self.lifespan.shutdown()
            host, port = _address(sockets)
            raise _refused(host, port, error) from error
        _announce(sockets)


class _Supervisor(Multiprocess):
    """The parent of the server processes. A dead worker is replaced."""

    announced = False

    def keep_subprocess_alive(self) -> None:
        """Supervises the workers, and prints the addresses once when all of them serve."""
        super().keep_subprocess_alive()
        if not self.announced and not self.should_exit.is_set():
            self.announced = all(worker.is_ready() for worker in self.processes)
            if self.announced:
                _announce(self.sockets)


def _serve_alone(config: uvicorn.Config, listener: socket.socket) -> int:
    server = _Server(config)
    # uvicorn raises the signal again after its shutdown, when nothing is left to do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    try:
        server.run([listener])
    except SystemExit:
        return 1
    return 0


def _serve(config: uvicorn.Config, listener: socket.socket) -> int:
    run(_check_store())
    supervisor = _Supervisor(config, [listener])
    supervisor.run()
    return int(any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes))


async def _check_store() -> None:
    """Opens the store once before the workers: reports errors here, runs migrations once."""
    async with opened(Settings.load().target):
        pass


def _address(sockets: list[socket.socket] | None) -> tuple[str, int]:
    assert sockets
    name = sockets[0].getsockname()
    return name[0], name[1]


def _payment_text(settings: Settings) -> str:
    """The line about payments, with missing settings."""
    if settings.server.demo:
        return "This is a demo: a fake Stripe replaces Stripe, and no money moves."
    missing = [
        name
        for name, value in (
            ("STRIPE_SECRET_KEY", settings.payments.stripe_secret_key),
            ("STRIPE_WEBHOOK_SECRET", settings.payments.stripe_webhook_secrets),
        )
        if not value
    ]
    if not missing:
        return "Buyers pay with Stripe."
    return (
        f"Payments are not configured: set {' and '.join(missing)}, or try the demo without "
        f"keys: fancymonkey serve --demo"
    )


def _login_hint(settings: Settings) -> str:
    """The login of the demo, whose password is public."""
    if settings.published:
        return f" (log in as {settings.accounts.owner_email}, {PUBLISHED_PASSWORD})"
    return ""


def _announce(sockets: list[socket.socket] | None) -> None:
    host, port = _address(sockets)
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    url = f"http://{host}:{port}"
    settings = Settings.load()
    body = '{"productId":"prod_hoodie_001","size":"M","quantity":1,"sessionId":"try-1"}'
    click.echo(
        f"""
Fancy Monkey Inventory {__version__} is running at {url}
  shop       {url}/
  dashboard  {url}/admin/{_login_hint(settings)}
  stock      {url}/api/inventory/get
  API        {url}/docs
  data       {without_password(settings.target)}

{_payment_text(settings)}

Hold one unit:
  curl -X POST {url}/api/inventory/reserve \\
    -H 'Content-Type: application/json' \\
    -d '{body}'

Press Ctrl+C to stop.""",
    )
