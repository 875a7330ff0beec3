"""Which ports an echo server answers at.

echo_client.py ADDRESS PORT ...      prints those that answer, in one line
echo_client.py ADDRESS PORT --stay   says `open`, then passes standard input on, and the answers back
"""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

#: A packet that is dropped has no answer, and the server is on the same machine.
_SECONDS = 3.0


def echo(connection: socket.socket, line: str) -> str:
    connection.sendall(line.encode())
    return connection.makefile().readline()


def answers(address: str, port: str) -> bool:
    try:
        with socket.create_connection((address, int(port)), timeout=_SECONDS) as connection:
            return echo(connection, "hello\n") == "hello\n"
    except OSError:
        return False


def main(address: str, *ports: str) -> None:
    if ports[-1] == "--stay":
        with socket.create_connection((address, int(ports[0]))) as connection:
            print("open" if echo(connection, "hello\n") == "hello\n" else "shut", flush=True)
            for line in sys.stdin:
                print(echo(connection, line), end="", flush=True)
    else:
        with ThreadPoolExecutor(len(ports)) as pool:
            found = pool.map(lambda port: answers(address, port), ports)
            print(*(port for port, answered in zip(ports, found, strict=True) if answered))


if __name__ == "__main__":
    main(*sys.argv[1:])
