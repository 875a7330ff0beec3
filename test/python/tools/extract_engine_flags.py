#!/usr/bin/env python3
"""Argument definitions of an engine, read from its published package, as a fixture of the tests.

    pip download --no-deps vllm==0.33.0
    python3 test/python/tools/extract_engine_flags.py vllm vllm-0.33.0-*.whl \\
        | npx prettier --parser json > test/fixtures/engine-flags/vllm-0.33.0.json

`lmdeploy` and `lmdeploy-proxy` take a wheel of LMDeploy, `roll` a folder with ROLL's repository and
`--version` with its commit.
The source is parsed, never run, so neither the engine nor an accelerator is needed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from engine_source import SourceTree
from lmdeploy_flags import lmdeploy, lmdeploy_proxy
from roll_keys import roll
from vllm_flags import vllm

_ENGINES: dict[str, Callable[[SourceTree], dict[str, object]]] = {
    "vllm": vllm,
    "lmdeploy": lmdeploy,
    "lmdeploy-proxy": lmdeploy_proxy,
    "roll": roll,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Argument definitions of an engine as JSON.")
    parser.add_argument("engine", choices=sorted(_ENGINES))
    parser.add_argument("source", type=Path, help="a wheel, or a folder with the source tree")
    parser.add_argument("--version", default="", help="of a folder, which does not say its own")
    arguments = parser.parse_args()
    tree = SourceTree(arguments.source)
    package, version = tree.metadata
    head = {"package": package or arguments.engine, "version": version or arguments.version}
    print(document({**head, **_ENGINES[arguments.engine](tree)}), end="")


def document(value: dict[str, object]) -> str:
    """JSON with one line for each flag, so that two versions can be compared line by line."""
    parts = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(item[name])}" for name in sorted(item))
            parts.append(f"  {json.dumps(key)}: {{\n{lines}\n  }}")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(item)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
