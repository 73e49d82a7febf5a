"""A real HTTP server in this process: the app that a test made, on a free port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


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
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
        task = asyncio.create_task(server.serve([listener]))
        try:
            while not server.started:
                if task.done():
                    task.result()
                await asyncio.sleep(0.001)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
