"""A simulated Ascend server in a folder: `test/support/ascend` installed below it, with device nodes."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import support

_TOOLS = support.ROOT / "test" / "support" / "ascend"


class AscendMachine:
    def __init__(self, case: unittest.TestCase, board: str, server: int = 0, devices: int = 0) -> None:
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = folder.name
        count = [str(devices)] if devices else []
        subprocess.run([_TOOLS / "install.sh", self.root, board, str(server), *count], check=True)
        text = (Path(self.root) / "usr/local/Ascend/driver/fake/machine").read_text(encoding="utf-8")
        self.devices = int(text.split("count=")[1])
        for device in range(self.devices):
            (Path(self.root) / "dev" / f"davinci{device}").touch()

    def fault(self, *words: str) -> None:
        subprocess.run([_TOOLS / "fault.sh", self.root, "add", *words], check=True)

    def repair(self) -> None:
        subprocess.run([_TOOLS / "fault.sh", self.root, "clear"], check=True)

    def read(self, path: str) -> str:
        return (Path(self.root) / path).read_text(encoding="utf-8")

    def remove(self, path: str) -> None:
        (Path(self.root) / path).unlink()

    def write(self, path: str, text: str) -> None:
        target = Path(self.root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
