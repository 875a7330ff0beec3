"""Runs `hccn_tool` and `npu-smi`, wherever the product has put them."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.host import clock, tool
from ray_node.host.tool import Answer

#: Folders beside PATH; below `root` in tests. Which one holds npu-smi depends on the product.
_FOLDERS = ("usr/local/Ascend/driver/tools", "usr/local/bin", "usr/local/sbin", "usr/bin", "usr/sbin")
_TIMEOUT_SECONDS = 20.0
#: Another program may be asking, too.
_BUSY_TRIES = 40
_BUSY_PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class NpuTools:
    hccn_tool: str | None
    npu_smi: str | None

    def hccn(self, device: int, *query: str) -> Answer:
        return _run(self.hccn_tool, ["-i", str(device), *query], "hccn_tool")

    def super_pod_info(self, card: int, chip: int) -> Answer:
        return _run(self.npu_smi, ["info", "-t", "spod-info", "-i", str(card), "-c", str(chip)], "npu-smi")

    def table(self) -> Answer:
        return _run(self.npu_smi, ["info"], "npu-smi")


def find(root: str = "/") -> NpuTools:
    return NpuTools(_find("hccn_tool", root), _find("npu-smi", root))


def _find(name: str, root: str) -> str | None:
    for folder in _FOLDERS:
        path = os.path.join(root, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return shutil.which(name) if root == "/" else None


def _run(program: str | None, arguments: Sequence[str], name: str) -> Answer:
    if program is None:
        return Answer(tool.MISSING, f"{name} is not on this node")
    # The container may be English or not; the tool's words are looked for in English.
    environment = {**os.environ, "LC_ALL": "C"}
    answer = Answer(1, "")
    for _ in range(_BUSY_TRIES):
        answer = tool.ask([program, *arguments], _TIMEOUT_SECONDS, environment)
        if "is busy" not in answer.text:
            break
        clock.sleep(_BUSY_PAUSE_SECONDS)
    return answer
