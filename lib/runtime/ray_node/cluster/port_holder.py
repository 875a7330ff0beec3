"""Ray's ports on a machine that others use, too: who has taken one, in words."""

from ray_node.config.schema import NodeConfig
from ray_node.host import listening, probe


def taken(config: NodeConfig, address: str) -> str | None:
    """Why Ray cannot start here, or `None`. The first port that another program has."""
    ports = config.ports
    needed = [
        ("the node manager", ports.node_manager),
        ("the object manager", ports.object_manager),
        ("the agent of runtime environments", ports.runtime_env_agent),
    ]
    if config.is_head:
        needed.insert(0, ("Ray's control store", ports.gcs))
    for purpose, port in needed:
        if not probe.is_free(address, port):
            return f"port {port} of {purpose} is in use on this machine by {listening.holder(port)}"
    return None
