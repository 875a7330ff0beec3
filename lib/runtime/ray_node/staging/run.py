"""Staging beside the main loop of head or worker, which keeps its heartbeat meanwhile."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ray_node.host import clock
from ray_node.host.background import Background
from ray_node.staging.progress import Progress
from ray_node.staging.request import StagingRequest
from ray_node.staging.server import FileServer
from ray_node.staging.stage import stage


class StagingRun:
    """One model after the other. Starts at once; poll `done`, show `progress`, then take `result`."""

    def __init__(self, requests: Sequence[StagingRequest], server: FileServer | None = None) -> None:
        """The deadline of the first request is that of all; `server`: for those that fan out."""
        self._stop = threading.Event()
        self._requests = requests
        self._server = server
        #: The last report of each model that has been begun, `None` before the first.
        self.progress: tuple[Progress | None, ...] = ()
        self._call = Background(self._stage_all)

    @property
    def done(self) -> bool:
        return self._call.done

    def result(self) -> list[Path]:
        """The folders; waits for them. Raises StagingFailed, StopRequested after `cancel`."""
        return self._call.result()

    def cancel(self, grace_seconds: float = 0.0) -> None:
        """Ends it, and waits for at most `grace_seconds` that the lease is given back. What came is kept."""
        self._stop.set()
        end = clock.Deadline(grace_seconds)
        while not self.done and not end.passed:
            clock.sleep(0.05)

    def _stage_all(self) -> list[Path]:
        deadline = clock.Deadline(self._requests[0].deadline_seconds)
        folders = []
        for request in self._requests:
            self.progress += (None,)
            server = self._server if request.fan_out is not None else None
            within = replace(request, deadline_seconds=deadline.left)
            folders.append(stage(within, self._note, self._stop, server))
        return folders

    def _note(self, progress: Progress) -> None:
        self.progress = (*self.progress[:-1], progress)
