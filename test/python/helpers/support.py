"""What the tests of the node program share: configurations, a state that is waited for, free ports."""

import copy
import json
import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray_node.agent import state
from ray_node.config.load import parse
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import clock, probe

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = Path(__file__).resolve().parent / "fixtures"
#: The one example of node.json that the tests of both languages read.
EXAMPLE = ROOT / "test" / "fixtures" / "node.json"

#: What is of the workload, in parts of node.json of schema 1 that hold both.
_WORKLOAD_KEYS = {
    "environment": ("driver",),
    "deadlines": ("hold", "engine", "completion", "serving"),
    "preflight": ("tolerated", "deviceIps", "rankTable", "memoryShare"),
}

HEAD = "127.0.0.1"
WORKER = "127.0.0.2"


def example() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return value


def changed(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with `{"node.name": ..., "pools.0.nodes": ...}` set."""
    result = copy.deepcopy(value)
    for path, item in changes.items():
        *parents, last = path.split(".")
        at: Any = result
        for part in parents:
            at = at[int(part)] if isinstance(at, list) else at[part]
        if isinstance(at, list):
            at[int(last)] = item
        else:
            at[last] = item
    return result


def parsed(changes: dict[str, Any] | None = None) -> NodeConfig:
    return parse(changed(example(), changes or {}))


def workload_of(config: NodeConfig) -> Workload:
    """The one of node.json."""
    assert config.workload is not None
    return config.workload


def node_life(value: dict[str, Any]) -> dict[str, Any]:
    """A node.json of schema 1 as the one of schema 2."""
    gone = ("pools", "engine", "staging", "retries")
    left = {key: item for key, item in value.items() if key not in gone}
    return {**left, "schema": 2, **{key: _without(left[key], names) for key, names in _WORKLOAD_KEYS.items()}}


def workload_file(value: dict[str, Any]) -> dict[str, Any]:
    """What a node.json of schema 1 says of the workload, as its file."""
    parts = {key: {name: value[key][name] for name in names} for key, names in _WORKLOAD_KEYS.items()}
    whole = {key: value[key] for key in ("cluster", "pools", "engine", "staging", "retries")}
    return {"schema": 1, **whole, **parts}


def _without(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in names}


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, below those that the kernel gives to outgoing connections."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        if port not in found and probe.is_free(HEAD, port) and probe.is_free("0.0.0.0", port):
            found.append(port)
    return found


def on_loopback(folder: Path, engine: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """The example moved to 127.0.0.1 (head) and 127.0.0.2, with short deadlines and the tiny engine."""
    gcs, reports, api, manager, files = free_ports(5)
    value = changed(
        example(),
        {
            "subnet": "127.0.0.0/8",
            "head.address": HEAD,
            "node.address": HEAD,
            "node.accelerators.deviceGlob": None,
            "pools.0.addresses": [HEAD, WORKER],
            "ports.gcs": gcs,
            "ports.nodeReport": reports,
            "ports.nodeFiles": files,
            "ports.nodeManager": manager,
            "engine.api.port": api,
            "engine.argv": [
                *(sys.executable, str(FIXTURES / "tiny_engine.py"), "--port", str(api)),
                *(engine or ["--break", str(folder / "break")]),
            ],
            "engine.api.proof.0.expect": "0 of 0 ranks",
            "deadlines": {
                "head": 30,
                "membership": 30,
                "hold": 0.3,
                "engine": 40,
                "completion": 20,
                "stop": 10,
                "serving": 30,
            },
            "paths.state": str(folder / "state"),
            "paths.token": str(folder / "ray-token"),
            "paths.engineLog": str(folder / "log" / "engine.log"),
        },
    )
    return changed(value, {path.replace("__", "."): item for path, item in changes.items()})


def parsed_loopback(folder: Path, **changes: Any) -> NodeConfig:
    return parse(on_loopback(folder, **changes))


def await_that(met: Callable[[], bool], what: Callable[[], object], seconds: float = 45.0) -> None:
    """Poll until `met`, else AssertionError with what was there instead."""
    end = clock.monotonic() + seconds
    while not met():
        if clock.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what()}")
        clock.sleep(0.02)


def join(thread: threading.Thread, seconds: float = 60.0) -> None:
    """Until `thread` has ended, which may need that time goes on."""
    await_that(lambda: not thread.is_alive(), lambda: thread.name, seconds)


def await_state(path: str, wanted: str, seconds: float = 45.0, after: float = 0.0) -> dict[str, Any]:
    """The content of a state file once it shows `wanted`, since later than the epoch seconds `after`."""

    def there() -> bool:
        found = state.read(path)
        return found is not None and found["state"] == wanted and (clock.epoch(found["since"]) or 0) >= after

    await_that(there, lambda: state.read(path), seconds)
    found = state.read(path)
    if found is None:
        raise AssertionError(f"{path} has gone")
    return found
