"""`ray_node stop`: stops the node program of this container with SIGTERM, and waits until it has ended."""

import os
import signal

from ray_node.agent import state
from ray_node.cli import status
from ray_node.config.schema import NodeConfig
from ray_node.host import clock
from ray_node.host.failure import NodeFailed

_EXTRA_SECONDS = 5.0


def run(config: NodeConfig) -> int:
    """Returns 0 once nothing is running, 1 if it still is after the stop deadline."""
    try:
        found = state.read(state.path_of(config.paths.state, status.node_name(config)))
    except NodeFailed as failure:
        print(f"cannot determine which node this is: {failure}")
        return 1
    pid = int(found["pid"]) if found else 0
    if not pid or not _is_node_program(pid):
        print("the node program is not running here")
        return 0
    os.kill(pid, signal.SIGTERM)
    end = clock.monotonic() + config.deadlines.stop + _EXTRA_SECONDS
    while clock.monotonic() < end:
        if not _is_node_program(pid):
            print("stopped")
            return 0
        clock.sleep(0.1)
    print(f"process {pid} is still running after {config.deadlines.stop + _EXTRA_SECONDS:.0f} s")
    return 1


def _is_node_program(pid: int) -> bool:
    """The id in the state file may by now belong to another program."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    return b"ray_node" in words and b"start" in words
