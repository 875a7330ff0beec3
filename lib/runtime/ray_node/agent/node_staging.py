"""This node's part in staging: started by the head, with its progress reported."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ray_node.channel.report import Replaced, Staged
from ray_node.channel.tls import Tls
from ray_node.config.schema import NodeConfig
from ray_node.config.staging_config import StagedModel, StagingConfig
from ray_node.host import clock, log, mounts
from ray_node.staging.failure import PortTaken, StagingFailed
from ray_node.staging.progress import Progress
from ray_node.staging.request import FETCH, RECEIVE, FanOut, StagingRequest
from ray_node.staging.run import StagingRun
from ray_node.staging.server import FileServer

#: The lease is given back within this time, or goes stale: a read of the network may take a while.
_CANCEL_SECONDS = 4.0
#: What Python takes from its environment to reach a source; a declaration sets it for all programs of a node.
_NETWORK_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)


def _reach_out(variables: Mapping[str, str]) -> None:
    """The node program has only the container's own environment, which holds no declared proxy."""
    os.environ.update({name: variables[name] for name in _NETWORK_VARIABLES if name in variables})


class NodeStaging:
    """Used by the thread of head or worker; `staged` may be read by any thread."""

    def __init__(
        self,
        config: NodeConfig,
        node: tuple[str, str],
        token: str,
        mounts_memory: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        """`node`: name and address of this one; `mounts_memory`: as `mounts.lost` keeps it."""
        name, address = node
        self._config = config
        self._mounts_memory = mounts_memory
        self._name = name
        self._fan_out = FanOut(
            own_address=address,
            head_name=config.head.name,
            head_address=config.head.address,
            port=config.ports.node_files,
            subnet=config.network,
            token=token,
            tls=tls,
        )
        #: Of the attempt that is under way, or was the last.
        self._staging: StagingConfig | None = None
        self._server: FileServer | None = None
        self._run: StagingRun | None = None
        #: Of each model that has been begun.
        self._progress: tuple[Progress | None, ...] = ()
        #: `None` while the head wants nothing staged.
        self.staged: Staged | None = None
        self.deadline = clock.Deadline(0)

    def begin(self, attempt: int, staging: StagingConfig, replaced: Replaced | None = None) -> None:
        """Start. The attempt that is under way, or is over, is left alone; another one replaces it."""
        if self.staged is not None and self.staged.attempt == attempt:
            return
        self.stop()
        _reach_out(self._config.environment.cluster)
        self._progress = ()
        self._staging = staging
        self.deadline = clock.Deadline(staging.deadline_seconds)
        self.staged = Staged(attempt, False, None, "starting")
        if self._mounts_memory is not None:
            # For the next start of this container.
            for model in staging.models:
                mounts.lost(model.destination, self._mounts_memory)
        try:
            if staging.fans_out:
                self._open_server()
        except StagingFailed as failure:
            self._fail(self.staged, failure)
        else:
            requests = [self._request(staging, model, replaced) for model in staging.models]
            self._run = StagingRun(requests, self._server)

    def obey(
        self, attempt: int | None, staging: StagingConfig | None, replaced: Replaced | None = None
    ) -> bool:
        """Do as the head asks; `None`: nothing is to be staged. Whether an attempt has just ended."""
        if attempt is None or staging is None:
            self.stop()
            return False
        self.begin(attempt, staging, replaced)
        return self.look()

    def look(self) -> bool:
        """Renew `staged`. Whether it has ended since the last look."""
        run, staged = self._run, self.staged
        if run is None or staged is None or staged.settled:
            return False
        # Asked before the progress is read: the last report comes just before the end.
        over = run.done
        self._progress = run.progress
        if not over:
            self.staged = replace(staged, text=self._shown() or staged.text)
            return False
        try:
            run.result()
            self.staged = replace(staged, done=True, text=self._shown() or "complete")
        except StagingFailed as failure:
            self._fail(staged, failure)
        return True

    @property
    def text(self) -> str:
        return self.staged.text if self.staged is not None else ""

    @property
    def is_under_way(self) -> bool:
        return self.staged is not None and not self.staged.settled

    def published(self) -> dict[str, Any] | None:
        """For the state file."""
        staged = self.staged
        if staged is None or self._staging is None:
            return None
        model = self._staging.models[self._index]
        progress = self._progress[self._index] if self._progress else None
        return {
            "attempt": staged.attempt,
            "name": model.name,
            "model": model.source.identity,
            "destination": model.destination,
            "placement": model.placement,
            "done": staged.done,
            "code": staged.code,
            "text": log.redact(staged.text),
            "progress": progress.plain() if progress is not None else None,
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

    def _shown(self) -> str:
        """How far each model is that has been begun."""
        return "; ".join(
            self._named(index, str(progress))
            for index, progress in enumerate(self._progress)
            if progress is not None
        )

    def _named(self, index: int, text: str) -> str:
        """What is said of one model, with its name where there are several."""
        models = self._staging.models if self._staging is not None else ()
        return f"{models[index].name}: {text}" if len(models) > 1 else text

    @property
    def _index(self) -> int:
        """Of the model that is under way, or was the last."""
        return max(0, len(self._progress) - 1)

    def _request(
        self, staging: StagingConfig, model: StagedModel, replaced: Replaced | None = None
    ) -> StagingRequest:
        return StagingRequest(
            source=model.source,
            destination=model.destination,
            cluster=self._config.cluster,
            node=self._name,
            role=FETCH if self._config.is_head else RECEIVE,
            fan_out=self._fan_out if model.fans_out else None,
            deadline_seconds=staging.deadline_seconds,
            parallel_files=staging.parallel_files,
            needs_tokenizer=model.needs_tokenizer,
            replaced=replaced if model.fans_out else None,
        )

    def _open_server(self) -> None:
        """Once a node, and only where nodes take the model from one another."""
        fan_out = self._fan_out
        if self._server is not None:
            return
        try:
            self._server = FileServer(fan_out)
        except OSError as error:
            raise PortTaken(
                f"cannot open port {fan_out.port} to serve the model's files: {error.strerror or error}",
                fix="stop the program that uses it, or choose another port (ports.nodeFiles)",
            ) from error

    def _fail(self, staged: Staged, failure: StagingFailed) -> None:
        self.staged = replace(staged, code=failure.code, text=self._named(self._index, str(failure)))
