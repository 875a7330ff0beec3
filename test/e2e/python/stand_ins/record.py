"""What a stand-in saw, for the test to read: one JSON line for each start."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from stand_ins import behaviour

#: Names and beginnings of names that the plan, the engines or Ray give a meaning to.
_TOLD = (
    "ASCEND_",
    "CUDA_VISIBLE_DEVICES",
    "GLOO_",
    "HCCL_",
    "HF_",
    "LMDEPLOY_",
    "MASTER_",
    "NCCL_",
    "PYTHONPATH",
    "RANK",
    "RAY_ADDRESS",
    "STAND_IN_",
    "TP_SOCKET_IFNAME",
    "VLLM_",
    "WORLD_SIZE",
)


def told(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The part of an environment that says something about the cluster."""
    return {name: value for name, value in sorted(environment.items()) if name.startswith(_TOLD)}


def write(program: str, **more: Any) -> None:
    """One line in `seen.jsonl`; `more` is what only this engine looks at."""
    behaviour.FOLDER.mkdir(parents=True, exist_ok=True)
    line = {
        "program": program,
        "argv": sys.argv[1:],
        "pid": os.getpid(),
        "workingDirectory": os.getcwd(),
        "environment": told(),
        **more,
    }
    with open(behaviour.FOLDER / "seen.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
