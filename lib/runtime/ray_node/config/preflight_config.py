"""The part `preflight` of node.json: which checks fit the cluster, and what the plan expects of them."""

from dataclasses import dataclass

from ray_node.config.reader import Reader
from ray_node.hardware.npu.boards import BOARDS

_FABRICS = ("efa", "infiniband", "roce", "tcp")


@dataclass(frozen=True)
class RankTableConfig:
    path: str
    #: `1.0`, or `1.2` with super pods.
    version: str
    device_port: int
    #: SHA-256 of the table made at synth, which lies at `path` already; `None`: the head makes it here.
    checksum: str | None


@dataclass(frozen=True)
class PreflightConfig:
    fabric: str
    #: `nccl`, `hccl`, ...; `None`: no accelerators.
    collective: str | None
    #: Ascend: `a2`, `a3`, `300i-duo`.
    board: str | None
    #: Nothing computes: there is no tool to ask, and collectives run over Gloo.
    emulated: bool
    #: `sha256:...` of the image; `None`: not given, the nodes are only compared.
    image_digest: str | None
    #: One line that the backend writes: the digest of the image that this container was made from.
    image_digest_file: str
    #: By node address: the addresses of its NPUs in their order.
    device_ips: dict[str, tuple[str, ...]]
    #: Checks whose failures only warn.
    tolerated: tuple[str, ...]
    rank_table: RankTableConfig | None

    @property
    def rdma(self) -> bool:
        """The fabric shows in /sys/class/infiniband of the host."""
        return self.fabric in ("infiniband", "roce") and self.collective != "hccl" and not self.emulated

    @property
    def gpus(self) -> bool:
        return self.collective == "nccl" and not self.emulated


def read(reader: Reader) -> PreflightConfig:
    """Problems are noted in the reader."""
    image = reader.child("image")
    board = reader.optional_text("board")
    if board is not None and board not in BOARDS:
        reader.note("board", "one of " + ", ".join(f"'{name}'" for name in BOARDS), board)
    return PreflightConfig(
        fabric=reader.choice("fabric", _FABRICS),
        collective=reader.optional_text("collective"),
        board=board,
        emulated=reader.choice("devices", ("real", "emulated")) == "emulated",
        image_digest=image.optional_text("digest"),
        image_digest_file=image.text("foundIn"),
        device_ips=_device_ips(reader.child("deviceIps")),
        tolerated=tuple(reader.text_list("tolerated")),
        rank_table=_rank_table(reader.optional_child("rankTable")),
    )


def _device_ips(reader: Reader) -> dict[str, tuple[str, ...]]:
    return {address: tuple(reader.text_list(address)) for address in reader.value}


def _rank_table(table: Reader | None) -> RankTableConfig | None:
    if table is None:
        return None
    return RankTableConfig(
        path=table.text("path"),
        version=table.choice("version", ("1.0", "1.2")),
        device_port=table.integer("devicePort", 1024, 65535),
        checksum=table.optional_text("checksum"),
    )
