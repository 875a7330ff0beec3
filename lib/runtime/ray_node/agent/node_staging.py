"""This node's part in staging: starts it when the head says so, and says how far it is."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ray_node.channel.report import Staged
from ray_node.config.schema import NodeConfig
from ray_node.config.staging_config import Place, StagingConfig, request_of
from ray_node.host import clock, log
from ray_node.staging.failure import PortTaken, StagingFailed
from ray_node.staging.progress import Progress
from ray_node.staging.request import PathSource
from ray_node.staging.run import StagingRun
from ray_node.staging.server import FileServer

#: The lease is given back within this time, or goes stale: a read of the network may take a while.
_CANCEL_SECONDS = 4.0
#: What Python takes from its environment to reach a source; a declaration sets it for all programs of a node.
_NETWORK_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
_WORDS_SOONEST_SECONDS = 2.0
_WORDS_LATEST_SECONDS = 60.0


def of(config: NodeConfig, name: str, address: str, token: str | None) -> "NodeStaging | None":
    """The part of the node `name` at `address`; `None` where there is no model to bring."""
    if config.staging is None:
        return None
    place = Place(
        cluster=config.cluster,
        node=name,
        is_head=config.is_head,
        address=address,
        head_name=config.head.name,
        head_address=config.head.address,
        files_port=config.ports.node_files,
        subnet=config.network,
        token=token,
    )
    _reach_out(config.environment.cluster)
    return NodeStaging(config.staging, place)


def _reach_out(variables: Mapping[str, str]) -> None:
    """The node program itself has only the container's environment, and knows no proxy from there."""
    os.environ.update({name: variables[name] for name in _NETWORK_VARIABLES if name in variables})


class Seldom:
    """A text for the log and for people. Numbers change every second, this more and more seldom."""

    def __init__(self) -> None:
        self._text = ""
        self._began_at = 0.0
        self._made_at = 0.0

    def text(self, make: Callable[[], str]) -> str:
        now = time.monotonic()
        if not self._text:
            self._began_at = now
        pause = min(max(_WORDS_SOONEST_SECONDS, (now - self._began_at) / 5), _WORDS_LATEST_SECONDS)
        if not self._text or now - self._made_at >= pause:
            self._text, self._made_at = make(), now
        return self._text

    def forget(self) -> None:
        self._text = ""


class NodeStaging:
    """Used by the thread of head or worker; `staged` may be read by any thread."""

    def __init__(self, settings: StagingConfig, place: Place) -> None:
        self.settings = settings
        self._request = request_of(settings, place)
        self._server: FileServer | None = None
        self._run: StagingRun | None = None
        self._progress: Progress | None = None
        #: `None` while nothing is asked of this node.
        self.staged: Staged | None = None
        self.deadline = clock.Deadline(settings.deadline_seconds)

    def begin(self, attempt: int) -> None:
        """Start. The attempt that is under way, or is over, is left alone; another one replaces it."""
        if self.staged is not None and self.staged.attempt == attempt:
            return
        self.stop()
        self._progress = None
        self.deadline = clock.Deadline(self.settings.deadline_seconds)
        self.staged = Staged(attempt, False, None, "begins")
        try:
            self._open_server()
        except StagingFailed as failure:
            self._fail(self.staged, failure)
        else:
            self._run = StagingRun(self._request, self._server)

    def look(self) -> bool:
        """Renew `staged`. Whether it has ended since the last look."""
        run, staged = self._run, self.staged
        if run is None or staged is None or staged.settled:
            return False
        # Asked before the progress is read: the last report comes just before the end.
        over = run.done
        self._progress = run.progress or self._progress
        if not over:
            self.staged = replace(staged, text=str(self._progress) if self._progress else staged.text)
            return False
        try:
            run.result()
            self.staged = replace(staged, done=True, text=str(self._progress or "complete"))
        except StagingFailed as failure:
            self._fail(staged, failure)
        return True

    @property
    def title(self) -> str:
        if isinstance(self.settings.source, PathSource):
            return f"looks for the model in {self.settings.destination}"
        return f"brings {self.settings.source.identity} to {self.settings.destination}"

    @property
    def text(self) -> str:
        return self.staged.text if self.staged is not None else ""

    @property
    def is_under_way(self) -> bool:
        return self.staged is not None and not self.staged.settled

    def published(self) -> dict[str, Any] | None:
        """For the state file."""
        staged = self.staged
        if staged is None:
            return None
        return {
            "attempt": staged.attempt,
            "model": self._request.source.identity,
            "destination": self.settings.destination,
            "placement": self.settings.placement,
            "done": staged.done,
            "code": staged.code,
            "text": log.redact(staged.text),
            "progress": self._progress.plain() if self._progress else None,
        }

    def stop(self) -> None:
        """End what is under way; what has come is kept, and others may still take it from here."""
        if self._run is not None and not self._run.done:
            self._run.cancel(_CANCEL_SECONDS)
        self._run, self.staged = None, None

    def close(self) -> None:
        self.stop()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _open_server(self) -> None:
        """Once a node, and only where nodes take the model from one another."""
        fan_out = self._request.fan_out
        if fan_out is None or self._server is not None:
            return
        try:
            self._server = FileServer(fan_out)
        except OSError as error:
            raise PortTaken(
                f"port {fan_out.port} for files of the model cannot be opened: {error.strerror or error}",
                fix="end what listens there, or choose another port (ports.nodeFiles)",
            ) from error

    def _fail(self, staged: Staged, failure: StagingFailed) -> None:
        self.staged = replace(staged, code=failure.code, text=str(failure))
