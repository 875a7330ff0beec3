"""Secrets that a node can read: none of them is printed, whether or not this program ever uses it."""

import contextlib
from collections.abc import Iterable

from ray_node.cluster import token
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import log, regular_file

_MAXIMUM_BYTES = 64 * 1024


def hide_of_node(config: NodeConfig) -> None:
    """At the start of the program; what is not there yet is hidden when it is read."""
    with contextlib.suppress(OSError, token.BadToken):
        log.hide(token.read(config.paths.token) or "")
    if config.workload is not None:
        hide_of_workload(config.workload)


def hide_of_workload(workload: Workload) -> None:
    """The engine's own, and its API's. Those of model sources are hidden as they are taken."""
    engine = workload.engine
    _hide(engine.secrets.values())
    if engine.api is not None and engine.api.api_key_file is not None:
        _hide([engine.api.api_key_file])


def _hide(paths: Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(OSError), regular_file.opened(path) as file:
            text = file.read(_MAXIMUM_BYTES).decode(errors="replace")
            log.hide(text.strip())
            for line in text.splitlines():
                log.hide(line.strip())
