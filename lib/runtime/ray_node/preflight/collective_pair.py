"""An all-reduce between two nodes, with the PyTorch of the image: the shortest proof that a fabric works.

Run as a program on both nodes (`python3 -m ray_node.preflight.collective_pair`); prints one JSON line.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ray_node.host import clock

MEBIBYTES = 16
#: The fastest one counts: something else may run on the machine for a moment.
_REPEATS = 5
GLOO = "gloo"
NCCL = "nccl"
_RDMA_FABRICS = ("efa", "infiniband", "roce")


@dataclass(frozen=True)
class PairSide:
    """What one of the two said; `error`: what went wrong there."""

    error: str | None
    seconds: float
    backend: str
    #: `NET/IB`, `NET/Socket`, ...: what NCCL's log names; `None`: it names none.
    transport: str | None


@dataclass(frozen=True)
class PairResult:
    first: str
    second: str
    sides: tuple[PairSide, ...]

    @property
    def seconds(self) -> float:
        return max((side.seconds for side in self.sides), default=0.0)

    @property
    def gigabits(self) -> float | None:
        """Per second and direction: with two ranks each sends as much as the tensor holds."""
        return (MEBIBYTES << 23) / self.seconds / 1e9 if self.seconds > 0 else None

    @property
    def way(self) -> str:
        """Says so where the emulation stands in for the fabric."""
        side = self.sides[0]
        if side.backend == GLOO:
            return "Gloo, in place of the accelerators' library"
        return side.transport or "NCCL"

    def problem(self, fabric: str) -> str | None:
        errors = [side.error for side in self.sides if side.error is not None]
        if errors:
            return errors[0]
        fell_back = any(side.transport is not None and "Socket" in side.transport for side in self.sides)
        if fabric in _RDMA_FABRICS and fell_back:
            return f"NCCL went over sockets (NET/Socket) although the fabric is {fabric}"
        return None


def transport(log: str) -> str | None:
    """The network that NCCL's log (NCCL_DEBUG=INFO) says it uses."""
    found = re.findall(r"\[send\] via (NET/[\w ]+?)(?:/\d|$|\s)|Using network (\w[\w ]*)", log, re.MULTILINE)
    for via, network in found:
        if via or network:
            return via or f"NET/{network.strip()}"
    return None


def run(rank: int, rendezvous: str, backend: str, timeout_seconds: float) -> float:
    """Both ranks add up a tensor. Returns the seconds of the fastest repeat; raises what PyTorch raises."""
    import torch
    import torch.distributed as distributed

    distributed.init_process_group(
        backend,
        init_method=f"tcp://{rendezvous}",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=timeout_seconds),
    )
    device = "cpu" if backend == GLOO else "cuda:0"
    numbers = (MEBIBYTES << 20) // 4
    values: Any = torch.full((numbers,), float(rank + 1), device=device)
    distributed.all_reduce(values)
    # The first one connects; the others measure.
    total, seconds = 0.0, timeout_seconds
    for _ in range(_REPEATS):
        start = clock.monotonic()
        distributed.all_reduce(values)
        # Waits for the device.
        total = float(values.sum().item())
        seconds = min(seconds, clock.monotonic() - start)
    distributed.destroy_process_group()
    wanted = numbers * 3.0 * 2**_REPEATS
    if abs(total - wanted) > wanted * 1e-6:
        raise ArithmeticError(f"the sum is {total}, not {wanted}: the fabric changes data")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ray_node.preflight.collective_pair")
    parser.add_argument("--rank", type=int, required=True, choices=(0, 1))
    parser.add_argument("--rendezvous", required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--backend", required=True, choices=(NCCL, GLOO))
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    given = parser.parse_args()
    try:
        seconds = run(given.rank, given.rendezvous, given.backend, given.timeout)
    except Exception as error:
        words = " ".join(str(error).split())[:600]
        print(json.dumps({"error": f"{type(error).__name__}: {words}", "seconds": 0.0}), flush=True)
        return 1
    print(json.dumps({"error": None, "seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
