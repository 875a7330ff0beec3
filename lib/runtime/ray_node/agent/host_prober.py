"""Tells whether the host of a missing node answers at all, from a thread of its own."""

import threading

from ray_node.host import clock, probe

_PAUSE_SECONDS = 2.0


class HostProber:
    """Set `targets` (addresses); read `found`: address to words."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._closing = threading.Event()
        self.targets: tuple[str, ...] = ()
        self.found: dict[str, str] = {}
        threading.Thread(target=self._run, name="host prober", daemon=True).start()

    def close(self) -> None:
        self._closing.set()

    def _run(self) -> None:
        while not clock.wait(self._closing, _PAUSE_SECONDS if self.found or not self.targets else 0.2):
            targets = self.targets
            found = {address: in_words(probe.tcp(address, self._port), self._port) for address in targets}
            self.found = found


def in_words(met: str, port: int) -> str:
    """What a connection attempt to a node's Ray port tells a person."""
    words = {
        probe.OPEN: f"its Ray port {port} answers",
        probe.CLOSED: f"host answers, Ray port {port} closed",
        probe.NO_ANSWER: f"host does not answer, or a firewall drops what comes to its Ray port {port}",
        probe.NO_ROUTE: "no route to the host",
    }
    return words.get(met, met)
