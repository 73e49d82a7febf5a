"""The event loop of each of several processes that share a listening socket."""

import uvloop

from fancymonkey.web.server.shared_listener import SharedListening


class WorkerLoop(SharedListening, uvloop.Loop):  # type: ignore[misc]  # uvloop names arguments otherwise
    """uvloop, with its own way to accept connections."""
