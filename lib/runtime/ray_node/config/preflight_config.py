"""What is checked before an engine starts: the machine's part from node.json, the rest from the workload."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RankTableConfig:
    path: str
    #: `1.2`: with super pods.
    version: Literal["1.0", "1.2"]
    device_port: int


@dataclass(frozen=True)
class ImageConfig:
    #: `sha256:...` of the image; `None`: not given, the nodes are only compared.
    digest: str | None
    #: One line that the backend writes: the digest of the image that this container was made from.
    found_in: str


@dataclass(frozen=True)
class HardwareConfig:
    """What every machine is expected to have."""

    fabric: Literal["efa", "infiniband", "roce", "tcp"]
    #: `nccl`, `hccl`, ...; `None`: no accelerators.
    collective: str | None
    #: Ascend.
    board: Literal["a2", "a3", "300i-duo"] | None
    #: `emulated`: nothing computes, so there is no tool to ask, and collectives run over Gloo.
    devices: Literal["real", "emulated"]
    image: ImageConfig
    #: Oldest driver that runs the image's CUDA, or was published with its CANN, e.g. `580`; `None`: unknown.
    minimum_driver: str | None

    @property
    def emulated(self) -> bool:
        return self.devices == "emulated"

    @property
    def rdma(self) -> bool:
        """The fabric shows in /sys/class/infiniband of the host."""
        return self.fabric in ("infiniband", "roce") and self.collective != "hccl" and not self.emulated

    @property
    def gpus(self) -> bool:
        return self.collective == "nccl" and not self.emulated


@dataclass(frozen=True)
class PreflightConfig(HardwareConfig):
    """The machines as one workload wants them."""

    #: Checks whose failures only warn.
    tolerated: tuple[str, ...]
    #: By node address: the addresses of its NPUs in their order.
    device_ips: dict[str, tuple[str, ...]]
    rank_table: RankTableConfig | None
    #: Of each accelerator's memory, what the engine takes when it starts: 0.9 is nine tenths.
    memory_share: float
