"""One TCP connection attempt, and what its failure tells about the other side."""

import errno
import socket

OPEN = "open"
CLOSED = "port closed"
NO_ANSWER = "no answer"
NO_ROUTE = "no route"


def tcp(address: str, port: int, timeout_seconds: float = 1.0) -> str:
    """`open`; `port closed`: refused; `no answer`: nothing came back; `no route`: no way to that network.

    An unreachable host is `no answer`, too: whether the timeout or the kernel's ARP is first is chance.
    """
    try:
        with socket.create_connection((address, port), timeout=timeout_seconds):
            return OPEN
    except ConnectionRefusedError:
        return CLOSED
    except TimeoutError:
        return NO_ANSWER
    except OSError as error:
        if error.errno == errno.EHOSTUNREACH:
            return NO_ANSWER
        if error.errno == errno.ENETUNREACH:
            return NO_ROUTE
        return f"connection failed ({error.strerror or error})"


def is_free(address: str, port: int) -> bool:
    """Whether this machine could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError:
            return False
        return True
