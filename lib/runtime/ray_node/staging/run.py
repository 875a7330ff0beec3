"""Staging beside the main loop of head or worker, which keeps its heartbeat meanwhile."""

import threading
from pathlib import Path

from ray_node.host import clock
from ray_node.host.background import Background
from ray_node.staging.progress import Progress
from ray_node.staging.request import StagingRequest
from ray_node.staging.server import FileServer
from ray_node.staging.stage import stage


class StagingRun:
    """Starts at once. Poll `done`, show `progress`, then take `result`."""

    def __init__(self, request: StagingRequest, server: FileServer | None = None) -> None:
        self._stop = threading.Event()
        #: The last that was reported, `None` before the first.
        self.progress: Progress | None = None
        self._call = Background(lambda: stage(request, self._note, self._stop, server))

    @property
    def done(self) -> bool:
        return self._call.done

    def result(self) -> Path:
        """The folder; waits for it. Raises StagingFailed, StopRequested after `cancel`."""
        return self._call.result()

    def cancel(self, grace_seconds: float = 0.0) -> None:
        """Ends it, and waits for at most `grace_seconds` that the lease is given back. What came is kept."""
        self._stop.set()
        end = clock.Deadline(grace_seconds)
        while not self.done and not end.passed:
            clock.sleep(0.05)

    def _note(self, progress: Progress) -> None:
        self.progress = progress
