"""A WebSocket's connection: uvicorn's own, but for two things that it leaves behind."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REFUSED = STATUS_LINE[400] + b"connection: close\r\ncontent-length: 0\r\n\r\n"


class Socket(WebSocketsSansIOProtocol):
    """Answers whoever begins wrongly, and is gone when it is closed."""

    def data_received(self, data: bytes) -> None:
        """Bytes have come. What cannot be a handshake (it has a body, say) is told so."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.close_sent:
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()) or REFUSED)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends.

        The reader of frames is a generator that has the very object that has it, which only a
        search for rubbish would find; a busy server makes one once in a long while.
        """
        super().connection_lost(exc)
        self.conn.parser.close()
