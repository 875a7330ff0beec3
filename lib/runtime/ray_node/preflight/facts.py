"""What a node says of itself for the preflight: everything that the head compares, as data."""

import importlib.util
import re
from dataclasses import dataclass

from ray_node.config.schema import NodeConfig
from ray_node.hardware.finding import Subject
from ray_node.hardware.gpu import facts as gpu_facts
from ray_node.hardware.gpu.facts import GpuFacts
from ray_node.hardware.npu import facts as npu_facts
from ray_node.hardware.npu import tools as npu_tools
from ray_node.hardware.npu.facts import BoardFacts
from ray_node.hardware.rdma import facts as rdma_facts
from ray_node.hardware.rdma.facts import RdmaFacts

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class NodeFacts:
    node: str
    address: str
    planned_accelerators: int
    #: `sha256:...` of the image of this container, in the registry first; empty: the place does not say.
    image_digests: tuple[str, ...]
    #: PyTorch is in the image, so that a collective can be tried.
    has_torch: bool
    board: BoardFacts | None = None
    rdma: RdmaFacts | None = None
    gpus: GpuFacts | None = None

    @property
    def subject(self) -> Subject:
        return Subject(self.node, self.address)


def gather(config: NodeConfig, memory_share: float, node: str, address: str, root: str = "/") -> NodeFacts:
    """Takes up to some minutes on a large board. `root` is `/` but in tests."""
    wanted, planned = config.preflight, config.node.accelerators.planned
    chosen = config.node.accelerators.devices
    board = rdma = gpus = None
    prefix = root.rstrip("/")
    if planned > 0 and wanted.board is not None:
        board = npu_facts.gather(wanted.board, planned, npu_tools.find(root), root, chosen)
    if planned > 0 and wanted.rdma:
        rdma = rdma_facts.gather(
            wanted.fabric,
            config.subnet,
            config.environment.cluster.get("NCCL_IB_HCA"),
            f"{prefix}/sys",
            f"{prefix}/dev/infiniband",
        )
    if planned > 0 and wanted.gpus:
        gpus = gpu_facts.gather(memory_share, chosen=chosen, sysfs=f"{prefix}/sys")
    return NodeFacts(
        node=node,
        address=address,
        planned_accelerators=planned,
        image_digests=image_digests(wanted.image.found_in),
        has_torch=importlib.util.find_spec("torch") is not None,
        board=board,
        rdma=rdma,
        gpus=gpus,
    )


def image_digests(path: str) -> tuple[str, ...]:
    """The digests in the file at `path`, whether they stand alone or after `repository@`."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return tuple(dict.fromkeys(_DIGEST.findall(file.read(4096))))
    except OSError:
        return ()
