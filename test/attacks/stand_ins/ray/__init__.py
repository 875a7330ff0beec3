"""Stands for Ray: a node table over TCP, so that the node program runs without Ray's own 150 MB."""

import json
import socket
from typing import Any

_at: list[tuple[str, int]] = []


def init(address: str, **_: Any) -> None:
    host, _, port = address.rpartition(":")
    _at[:] = [(host, int(port))]


def nodes() -> Any:
    with socket.create_connection(_at[0], timeout=5) as link:
        link.sendall(b'{"ask": "nodes"}\n')
        return json.loads(link.makefile("rb").readline())
