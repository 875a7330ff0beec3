"""Prints Ray's node table as JSON lines: `python3 -m ray_node.cluster.membership_watch <gcs address>`.

A process of its own: a Ray driver ends with its raylet, and importing Ray takes half a second that the
supervisor need not wait for.
"""

import json
import socket
import sys
from typing import Any

import ray

from ray_node.channel import plain
from ray_node.cluster.membership import SeenNode
from ray_node.host import clock

#: While the cluster changes, and when it has not changed for a while.
_BUSY_POLL_SECONDS = 0.1
_CALM_POLL_SECONDS = 0.5
_CALM_AFTER_SECONDS = 20.0
_LINE_SECONDS = 1.0


def main(gcs_address: str) -> None:
    _await_port(gcs_address)
    ray.init(
        address=gcs_address,
        namespace="ray-node",
        log_to_driver=False,
        logging_level="error",
        configure_logging=False,
    )
    printed = ""
    printed_at = changed_at = 0.0
    while True:
        line = json.dumps(plain.encode([_seen(node) for node in ray.nodes()]), sort_keys=True)
        now = clock.monotonic()
        if line != printed:
            changed_at = now
        if line != printed or now - printed_at >= _LINE_SECONDS:
            print(line, flush=True)
            printed, printed_at = line, now
        clock.sleep(_CALM_POLL_SECONDS if now - changed_at > _CALM_AFTER_SECONDS else _BUSY_POLL_SECONDS)


def _await_port(gcs_address: str) -> None:
    """Ray's own first retry comes late; the parent ends this process when the wait becomes too long."""
    host, _, port = gcs_address.rpartition(":")
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=1.0):
                return
        except OSError:
            clock.sleep(0.05)


def _seen(node: dict[str, Any]) -> SeenNode:
    # Without Ray's own `node:<address>` and the like.
    resources = {name: float(count) for name, count in node.get("Resources", {}).items() if ":" not in name}
    return SeenNode(
        node_id=node["NodeID"],
        alive=bool(node["Alive"]),
        address=node["NodeManagerAddress"],
        name=node.get("NodeName") or "",
        resources=resources,
        death_reason=node.get("DeathReasonMessage") or "",
    )


if __name__ == "__main__":
    main(sys.argv[1])
