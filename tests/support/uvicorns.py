"""A real HTTP server in this process: the app that a test made, on a free port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

TICK_SECONDS = 0.1
SHORTEST_WAIT = 0.001


class _PromptServer(uvicorn.Server):
    """Ends with its last connection. uvicorn itself sleeps 0.1 s at a time until it looks again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()

    async def main_loop(self) -> None:
        """Keeps the date of answers current until `stopped` is set."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes as uvicorn does: first the listener, then each connection after its answer."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._last_answers(), self.config.timeout_graceful_shutdown)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    async def _last_answers(self) -> None:
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(SHORTEST_WAIT)


@asynccontextmanager
async def serving(
    app: Any,
    port: int = 0,
    *,
    lifespan: bool = False,
    http: Any = "httptools",
    ws: Any = "websockets-sansio",
) -> AsyncIterator[str]:
    """Serves an ASGI app, with its lifespan or without; gives `http://127.0.0.1:port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            app,
            http=http,
            ws=ws,
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = _PromptServer(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
        task = asyncio.create_task(server.serve([listener]))
        try:
            while not server.started:
                if task.done():
                    task.result()
                await asyncio.sleep(SHORTEST_WAIT)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.stopped.set()
            await task
