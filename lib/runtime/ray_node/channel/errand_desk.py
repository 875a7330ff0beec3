"""The head's side of the errands: what is asked of whom, and what has come back. Safe for several threads."""

import secrets
import threading
from collections.abc import Mapping
from typing import Any

from ray_node.channel.errand import Ask, BadErrand, Errand, ErrandResult, Reply, decode_ask, encode


class ErrandDesk:
    """`ask` replaces what was asked before; `results` holds answers to the present errands only."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._errands: dict[str, Errand] = {}
        self._results: dict[str, ErrandResult] = {}
        self._lock = threading.Lock()

    def ask(self, kind: str, bodies: Mapping[str, dict[str, Any]]) -> None:
        """One errand of this kind for each address."""
        batch = secrets.token_hex(8)
        with self._lock:
            self._errands = {address: Errand(batch, kind, body) for address, body in bodies.items()}
            self._results = {}

    def clear(self) -> None:
        with self._lock:
            self._errands, self._results = {}, {}

    def missing(self) -> list[str]:
        """Addresses whose result has not come."""
        with self._lock:
            return [address for address in self._errands if address not in self._results]

    def results(self) -> dict[str, ErrandResult]:
        with self._lock:
            return dict(self._results)

    def serve(self, client: str, body: bytes) -> tuple[int, bytes]:
        """HTTP status and content for a signed message from `client`. Called in the server's threads."""
        try:
            asked = decode_ask(body)
        except BadErrand as error:
            return 400, str(error).encode()
        if asked.cluster != self._cluster:
            return 409, f"this is the head of cluster '{self._cluster}'".encode()
        if asked.address != client:
            return 409, f"the message of {asked.address} came from {client}".encode()
        return 200, encode(Reply(asked.nonce, self._exchange(asked)))

    def _exchange(self, asked: Ask) -> Errand | None:
        with self._lock:
            errand = self._errands.get(asked.address)
            if errand is None:
                return None
            if asked.result is not None and asked.result.id == errand.id:
                # A result that is sent again changes nothing.
                self._results.setdefault(asked.address, asked.result)
            return None if asked.address in self._results else errand
