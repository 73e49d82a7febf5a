"""A TCP proxy in front of PostgreSQL that cuts a connection at a chosen message."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class CuttingProxy:
    """Forwards everything until a client's message contains `word`: then it cuts the connection,
    once.

    With `forward` the server still gets the message and acts on it; the client gets no answer.
    """

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.word: bytes | None = None
        self.forward = False
        self.cuts = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._parts._replace(netloc=f"postgres:secret@127.0.0.1:{port}").geturl()

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        down = asyncio.create_task(self._pass(up_reader, writer))
        try:
            while data := await reader.read(65536):
                if self.word is not None and self.word in data:
                    self.word = None
                    self.cuts += 1
                    down.cancel()
                    await asyncio.gather(down, return_exceptions=True)
                    if self.forward:
                        up_writer.write(data)
                        await up_reader.read(1)  # the server has done it
                    return
                up_writer.write(data)
        except ConnectionError:
            pass
        finally:
            down.cancel()
            await asyncio.gather(down, return_exceptions=True)
            writer.transport.abort()
            up_writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()
