"""What only the node itself can say, for the variables that differ from node to node."""

from collections.abc import Iterable

from ray_node.config.schema import NodeConfig
from ray_node.hardware.rdma.choice import RdmaChoice
from ray_node.host.address import LocalAddress
from ray_node.host.failure import NodeFailed

ADDRESS = "address"
INTERFACE = "interface"
EXACT_INTERFACE = "exact-interface"
VISIBLE_DEVICES = "visible-devices"
RDMA_DEVICES = "rdma-devices"
RDMA_GID_INDEX = "rdma-gid-index"
_RDMA = (RDMA_DEVICES, RDMA_GID_INDEX)


def find(config: NodeConfig, own: LocalAddress, wanted: Iterable[str]) -> dict[str, str]:
    """The values of `wanted` kinds; a node without accelerators has only those of its address.

    Raises NodeFailed where the declared fabric is not there: it never becomes another one in silence.
    """
    values = {
        ADDRESS: own.address,
        INTERFACE: own.interface,
        # NCCL takes a bare name as a prefix: eth1 would match eth10 too.
        EXACT_INTERFACE: f"={own.interface}",
    }
    planned = config.node.accelerators.planned
    if planned > 0:
        values[VISIBLE_DEVICES] = ",".join(map(str, range(planned)))
        if any(kind in _RDMA for kind in wanted):
            choice = _rdma(config)
            values[RDMA_DEVICES] = choice.devices
            if choice.gid_index is not None:
                values[RDMA_GID_INDEX] = str(choice.gid_index)
    return values


def _rdma(config: NodeConfig) -> RdmaChoice:
    # Only nodes that need it read sysfs.
    from ray_node.hardware.rdma import choice as rdma_choice
    from ray_node.hardware.rdma import sysfs as rdma_sysfs

    fabric = config.preflight.fabric
    choice = rdma_choice.choose(
        fabric, rdma_sysfs.ports(), config.subnet, config.environment.cluster.get("NCCL_IB_HCA")
    )
    if choice.problem is not None:
        raise NodeFailed(
            f"the declared fabric '{fabric}' is not on this node: {choice.problem}; {choice.fix}"
        )
    return choice
