"""The process of a flood: `python flooder.py HOST PORT CONNECTIONS`, with the bytes as its input.

It prints `+` when it has sent them, or was interrupted, as often as it has connections.
"""

import os
import selectors
import socket
import sys


def flood(host: str, port: int, connections: int, content: bytes) -> None:
    """Sends on all connections as long as this process runs."""
    raw = memoryview(content)
    sent: dict[socket.socket, int] = {}
    poll = selectors.DefaultSelector()
    turns = 0
    while True:
        while len(sent) < connections:
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex((host, port))
            sent[connection] = 0
            poll.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        for key, events in poll.select(1):
            connection = key.fileobj  # type: ignore[assignment]
            before = turns
            try:
                if events & selectors.EVENT_READ:
                    if not connection.recv(1 << 20):
                        raise OSError
                    if sent[connection] == len(raw):
                        sent[connection] = 0
                        poll.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                elif sent[connection] < len(raw):
                    sent[connection] += connection.send(raw[sent[connection] :])
                    if sent[connection] == len(raw):
                        poll.modify(connection, selectors.EVENT_READ)
                        turns += 1
            except BlockingIOError:
                pass
            except OSError:
                poll.unregister(connection)
                del sent[connection]
                connection.close()
                turns += 1
            if before < connections <= turns:
                os.write(1, b"+")


if __name__ == "__main__":
    flood(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.stdin.buffer.read())
