"""A simulated server with GPUs and RDMA adapters in a folder, and the driver's answers."""

import hashlib
import tempfile
import unittest
from pathlib import Path

import nvidia_smi
from nvidia_smi import Gpu
from simulated_sysfs import Sysfs

from ray_node.host.tool import Answer


class GpuMachine:
    def __init__(self, case: unittest.TestCase, gpus: int = 4) -> None:
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = folder.name
        self.sysfs = Sysfs(case, f"{folder.name}/sys")
        #: In the order of `nvidia-smi`.
        self.gpus = [Gpu() for _ in range(gpus)]
        #: What the driver says in place of an answer.
        self.trouble: str | None = None
        for name in ("uverbs0", "rdma_cm"):
            self.add(f"dev/infiniband/{name}")

    def add(self, path: str) -> None:
        target = Path(self.root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()

    def remove(self, path: str) -> None:
        (Path(self.root) / path).unlink()

    def nvidia_smi(self, argument: str) -> Answer:
        if self.trouble is not None:
            return Answer(9, self.trouble)
        answer = nvidia_smi.listing if argument == "-L" else nvidia_smi.query
        return Answer(0, answer(self.gpus))

    def fingerprint(self) -> str:
        """Of every file, its content and when it was written."""
        lines = [
            f"{path.relative_to(self.root)} {path.lstat().st_mtime_ns} "
            f"{path.read_bytes().hex() if path.is_file() else ''}"
            for path in sorted(Path(self.root).rglob("*"))
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
