"""Free ports for the servers that tests start."""

import socket


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
