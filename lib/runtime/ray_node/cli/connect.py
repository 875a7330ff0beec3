"""`ray_node connect PORT`: stdin and stdout, joined to a port of this container's loopback interface.

For `cdktf-ray-cluster forward`: a port that is bound to loopback can be reached through `docker exec` alone.
"""

import os
import socket
import sys
import threading

_LOOPBACK = "127.0.0.1"
_BYTES = 65536


def run(port: int) -> int:
    """Returns 0 once the other side has closed, 1 if nothing listens."""
    try:
        connection = socket.create_connection((_LOOPBACK, port))
    except OSError as error:
        print(f"nothing answers on port {port} of this node: {error.strerror or error}", file=sys.stderr)
        return 1
    threading.Thread(target=_send, args=(connection,), daemon=True).start()
    with connection:
        while data := _received(connection):
            _write(data)
    return 0


def _send(connection: socket.socket) -> None:
    try:
        while data := os.read(sys.stdin.fileno(), _BYTES):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side has closed, which ends the program.
        pass


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_BYTES)
    except ConnectionResetError:
        return b""


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]
