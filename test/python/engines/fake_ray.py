"""As much of Ray as the emulated engine touches, in one process: unit tests run where no Ray is installed.

Importing this module puts the fake in the place of `ray` and the engine's folder on the import path.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "lib" / "engines" / "emulated"))


class ActorDiedError(Exception):
    pass


class Cluster:
    """What the fake answers with; every test sets it up again."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.own_node = "id-0"
        # Bundle index -> node id.
        self.bundles: dict[int, str] = {}
        self.group_ready = True
        self.groups_removed = 0
        # The options each actor was created with, in order.
        self.actor_options: list[dict[str, Any]] = []
        # Rank -> an exception instead of the reply, or `None` for no reply at all.
        self.faults: dict[int, Exception | None] = {}
        # Rank -> device it says it holds, instead of its index on its node.
        self.devices: dict[int, str] = {}
        self.stale_replies = False


CLUSTER = Cluster()


def reset() -> Cluster:
    CLUSTER.__init__()  # type: ignore[misc]
    return CLUSTER


def two_nodes(accelerators: int = 2, resource: str = "NPU") -> Cluster:
    """npu-0 (the driver's own) and npu-1, with `accelerators` each; the bundles alternate between them."""
    cluster = reset()
    for index in range(2):
        cluster.nodes.append(
            {
                "NodeID": f"id-{index}",
                "Alive": True,
                "NodeManagerAddress": f"10.89.28.{10 + index}",
                "NodeManagerHostname": f"npu-{index}",
                "Resources": {resource: float(accelerators)},
            }
        )
    cluster.bundles = {bundle: f"id-{(bundle + 1) % 2}" for bundle in range(2 * accelerators)}
    return cluster


class Ref:
    def __init__(self, rank: int, request: str, node: str, device: str) -> None:
        self.rank = rank
        self.value = (request, rank, node, device)


class Method:
    def __init__(self, call: Callable[[str], Ref]) -> None:
        self.remote = call


class ActorHandle:
    def __init__(self, rank: int, node: str, device: str) -> None:
        self.answer = Method(
            lambda request: Ref(rank, "old" if CLUSTER.stale_replies else request, node, device)
        )


class ActorClass:
    def __init__(self) -> None:
        self.current: dict[str, Any] = {}

    def options(self, **options: Any) -> ActorClass:
        self.current = options
        return self

    def remote(self, rank: int, _resource: str) -> ActorHandle:
        node_id = CLUSTER.bundles[self.current["scheduling_strategy"].bundle]
        held = sum(1 for earlier in CLUSTER.actor_options if earlier["node_id"] == node_id)
        CLUSTER.actor_options.append({**self.current, "node_id": node_id})
        host = next(node["NodeManagerHostname"] for node in CLUSTER.nodes if node["NodeID"] == node_id)
        return ActorHandle(rank, host, CLUSTER.devices.get(rank, str(held)))


class Group:
    def wait(self, _seconds: float) -> bool:
        return CLUSTER.group_ready


class Strategy:
    def __init__(self, _group: Group, placement_group_bundle_index: int) -> None:
        self.bundle = placement_group_bundle_index


def wait(refs: list[Ref], num_returns: int, timeout: float) -> tuple[list[Ref], list[Ref]]:
    assert num_returns == len(refs) and timeout > 0
    open_refs = [ref for ref in refs if CLUSTER.faults.get(ref.rank, "") is None]
    return [ref for ref in refs if ref not in open_refs], open_refs


def get(ref: Ref) -> tuple[str, int, str, str]:
    fault = CLUSTER.faults.get(ref.rank)
    if fault is not None:
        raise fault
    return ref.value


def remove_placement_group(_group: Group) -> None:
    CLUSTER.groups_removed += 1


def module(name: str, **members: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


class RuntimeContext:
    def get_node_id(self) -> str:
        return CLUSTER.own_node


module(
    "ray",
    wait=wait,
    get=get,
    nodes=lambda: CLUSTER.nodes,
    remote=lambda _actor: ActorClass(),
    get_runtime_context=RuntimeContext,
    exceptions=module("ray.exceptions", ActorDiedError=ActorDiedError),
)
module("ray.util")
module(
    "ray.util.placement_group",
    placement_group=lambda _bundles, strategy: Group(),
    placement_group_table=lambda _group: {"bundles_to_node_id": CLUSTER.bundles},
    remove_placement_group=remove_placement_group,
)
module("ray.util.scheduling_strategies", PlacementGroupSchedulingStrategy=Strategy)
