"""The node program's side of a fetch: a process of its own, because only a process can be ended for sure."""

import contextlib
import os
import pickle
import queue
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ray_node.staging.failure import SourceRefused, StagingFailed
from ray_node.staging.files import ModelFile
from ray_node.staging.request import Pace, StagingRequest

_POLL_SECONDS = 0.1
#: Of the client's memory. Xet's parallel ranges take some hundred MiB.
_MOST_BYTES = 4 << 30
#: They would keep a client from the hub, or send it to another one.
_NOT_PASSED_ON = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT")


@dataclass(frozen=True)
class Order:
    request: StagingRequest
    #: Of the source: a hub's token, the content of an index.
    secret: bytes | None = field(repr=False)

    @property
    def token(self) -> str | None:
        return None if self.secret is None else self.secret.decode("ascii")


@dataclass(frozen=True)
class Note:
    """Something is tried again: it has failed, or is not there yet."""

    text: str
    has_failed: bool


class Fetch:
    """A running fetch: `files`, then `run`, and in any case `close`."""

    def __init__(self, order: Order, tick: Callable[[], None], note: Callable[[Note], None]) -> None:
        """`tick` is called all the while and may raise to end it."""
        self._tick = tick
        self._note = note
        self._heard: queue.Queue[Any] = queue.Queue()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ray_node.staging.fetcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ, order.request.pace),
        )
        threading.Thread(target=self._listen, name="fetch", daemon=True).start()
        self._tell(order)

    def files(self) -> tuple[ModelFile, ...]:
        """What the source lists. Raises StagingFailed."""
        files: tuple[ModelFile, ...] = self._await()
        return files

    def run(self) -> None:
        """Until every file is there and right. Raises StagingFailed, and OSError of the disk."""
        self._tell(True)
        self._await()

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            pipe.close()

    def _tell(self, value: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(pickle.dumps(value))
        self._child.stdin.flush()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        try:
            while True:
                self._heard.put(pickle.load(self._child.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            # The process has ended, or `close` has closed the pipe.
            self._heard.put(StagingFailed("the process that fetches the model ended unexpectedly"))

    def _await(self) -> Any:
        while True:
            self._tick()
            self._check_memory()
            try:
                heard = self._heard.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(heard, Exception):
                raise heard
            if not isinstance(heard, Note):
                return heard
            self._note(heard)

    def _check_memory(self) -> None:
        """A source that answers without an end fills the client, not the machine. Raises StagingFailed."""
        with contextlib.suppress(OSError), open(f"/proc/{self._child.pid}/statm", encoding="ascii") as file:
            if int(file.read().split()[1]) * resource.getpagesize() > _MOST_BYTES:
                raise SourceRefused(
                    f"the process that fetches the model has taken more than {_MOST_BYTES >> 30} GiB",
                    fix="check the endpoint of the model source: its answers do not end",
                )


def _environment(own: Mapping[str, str], pace: Pace) -> dict[str, str]:
    """What the clients read while they are imported."""
    seconds = str(max(1, round(pace.network_timeout)))
    ours = {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": seconds,
        "MODELSCOPE_DOWNLOAD_TIMEOUT": seconds,
        # The lease already sees to it that nobody else writes here.
        "MODELSCOPE_DOWNLOAD_FILE_LOCK": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    if "SSL_CERT_FILE" in own:
        # `requests` does not look at the variable that Python itself knows.
        ours["REQUESTS_CA_BUNDLE"] = own["SSL_CERT_FILE"]
    return {**{name: value for name, value in own.items() if name not in _NOT_PASSED_ON}, **ours}
