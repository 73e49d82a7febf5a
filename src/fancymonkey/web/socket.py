"""A WebSocket's connection: uvicorn's own, but for what it leaves behind."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Socket(WebSocketsSansIOProtocol):
    """Is gone when it is closed.

    The reader of its frames is a generator that has the very object that has it, which only a
    search for rubbish would find; a busy server makes one once in a long while.
    """

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        super().connection_lost(exc)
        self.conn.parser.close()
