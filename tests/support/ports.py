"""Free TCP ports on the loopback address."""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port without a listener. Another process may take it first: be ready to retry."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


_steady = 0


def steady_port(host: str = "127.0.0.1") -> int:
    """Return the same port at each call, or another one if it is in use.

    A browser keeps the files that it has loaded from an address.
    """
    global _steady
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, _steady))
        except OSError:
            return free_port(host)
        _steady = int(probe.getsockname()[1])
        return _steady


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server accepts connections there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
