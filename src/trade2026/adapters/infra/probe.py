"""Look at a server from outside: is its port taken, what does it answer.

Written on plain sockets, because the status command asks with it too and must start fast.
"""

import asyncio
import contextlib
import socket
from typing import Final

from trade2026.core.errors import StartError, UnavailableError

HOST: Final = "127.0.0.1"
PROBE_TIMEOUT_S: Final = 2.0
ANSWER_BYTES_MAX: Final = 1024 * 1024
_STATUS_WORDS: Final = 2


def is_port_free(port: int) -> bool:
    """Return whether a server could listen on *port* of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # As servers do it: connections that linger from an earlier run do not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
        return True


def require_port(owner: str, port: int) -> None:
    """Refuse to go on when *port*, wanted by *owner*, is taken.

    Raises:
        StartError: it is taken; the text says what to do.
    """
    if not is_port_free(port):
        why = f"port {port} of {owner} is in use"
        raise StartError(f"{why}; stop what listens there or choose another --port-offset")


async def is_listening(port: int) -> bool:
    """Return whether something takes connections on *port* of the loopback address."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True


async def converse(port: int, request: bytes, *, timeout_s: float = PROBE_TIMEOUT_S) -> bytes:
    """Send *request* and return all that comes back until the server closes the connection.

    Raises:
        UnavailableError: no connection, or no complete answer in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request)
                answer = await reader.read(ANSWER_BYTES_MAX)
                while not reader.at_eof() and len(answer) < ANSWER_BYTES_MAX:
                    answer += await reader.read(ANSWER_BYTES_MAX - len(answer))
                return answer
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise UnavailableError(f"no answer on port {port} within {timeout_s:g} s") from None
    except OSError:
        raise UnavailableError(f"no answer on port {port}") from None


async def http_get(
    port: int, path: str, *, timeout_s: float = PROBE_TIMEOUT_S
) -> tuple[int, bytes]:
    """Return the status code and the body of a GET.

    Raises:
        UnavailableError: no answer in time, or it is not HTTP.
    """
    request = f"GET {path} HTTP/1.0\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    answer = await converse(port, request.encode("ascii"), timeout_s=timeout_s)
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", _STATUS_WORDS)
    if not head.startswith(b"HTTP/1.") or len(words) < _STATUS_WORDS or not words[1].isdigit():
        raise UnavailableError(f"what answers on port {port} does not speak HTTP")
    return int(words[1]), body
