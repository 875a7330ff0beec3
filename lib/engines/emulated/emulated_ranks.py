"""One Ray actor per accelerator, over all nodes, and what they answer.

The emulated engine has no model. What it shares with a real one is the part that breaks in practice: a
placement group over every accelerator of the cluster, one process per accelerator, and an answer that needs
every one of them.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import sys
import time
from dataclasses import dataclass
from threading import Event
from typing import Any

import ray
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

# A slice of every longer wait: how late a stop request may be seen.
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Seat:
    """Where a rank sits."""

    rank: int
    node: str
    address: str
    node_id: str


@dataclass(frozen=True)
class Reply:
    """What a rank said to one request."""

    rank: int
    node: str
    address: str
    device: str


class RanksError(Exception):
    """The ranks cannot be placed or did not all answer; the text names node, rank and reason.

    `final`: a rank has died and will not come back, only a new placement helps.
    """

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class RankActor:
    """Runs in a process of its own that holds one accelerator; imports nothing heavy."""

    def __init__(self, rank: int, resource: str) -> None:
        self.rank = rank
        held = ray.get_runtime_context().get_accelerator_ids().get(resource, [])
        self.device = ",".join(str(device) for device in held)
        self.node = socket.gethostname()

    def answer(self, request: str) -> tuple[str, int, str, str]:
        """The request's id comes back, so that an old reply can never pass for a new one."""
        return request, self.rank, self.node, self.device


class Ranks:
    """All ranks of the engine. Asking them is all or nothing."""

    def __init__(self, group: Any, seats: list[Seat], actors: list[Any], resource: str) -> None:
        self._group = group
        self._seats = seats
        self._actors = actors
        self.resource = resource

    def ask(self, request: str, timeout_seconds: float, stop: Event | None = None) -> list[Reply]:
        """One reply of every rank in order of rank, or RanksError that names who is missing."""
        refs = [actor.answer.remote(request) for actor in self._actors]
        pending = wait_for(refs, timeout_seconds, stop)
        replies: list[Reply] = []
        reasons: dict[tuple[str, str, str], list[int]] = {}
        final = False
        for seat, ref in zip(self._seats, refs, strict=True):
            reason = f"no answer within {timeout_seconds:g} s"
            if ref not in pending:
                try:
                    echoed, rank, node, device = ray.get(ref)
                except Exception as error:  # whatever Ray raises here is the rank's failure
                    reason = first_line(error)
                    final = final or isinstance(error, ray.exceptions.ActorDiedError)
                else:
                    if (echoed, rank) == (request, seat.rank):
                        replies.append(Reply(rank, node, seat.address, device))
                        continue
                    reason = f"answered as rank {rank} to request {echoed}"
            reasons.setdefault((seat.node, seat.address, reason), []).append(seat.rank)
        if reasons:
            parts = [
                f"{'rank' if len(ranks) == 1 else 'ranks'} {ranges(ranks)} on {node} ({address}): {reason}"
                for (node, address, reason), ranks in reasons.items()
            ]
            answered = f"{len(replies)} of {len(self._seats)} ranks answered"
            raise RanksError("; ".join([answered, *parts]), final)
        refuse_shared_devices(replies, self.resource)
        return replies

    def release(self) -> None:
        """Give the accelerators back."""
        remove_placement_group(self._group)


def place(resource: str, ranks: int, timeout_seconds: float, stop: Event) -> Ranks:
    """Reserve one accelerator per rank, start the actors and wait until each has answered once.

    Raises RanksError with what is missing when that takes longer than `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    group = placement_group([{resource: 1}] * ranks, strategy="PACK")
    while not group.wait(POLL_SECONDS):
        if stop.is_set():
            raise RanksError("stopped while waiting for the placement group")
        if time.monotonic() >= deadline:
            missing = describe_missing(ray.nodes(), resource, ranks)
            remove_placement_group(group)
            raise RanksError(f"placement group not ready after {timeout_seconds:g} s: {missing}")
    bundles = placement_group_table(group)["bundles_to_node_id"]
    seating = seat_ranks(bundles, ray.nodes(), ray.get_runtime_context().get_node_id())
    actor_class = ray.remote(RankActor)
    actors = []
    for bundle, seat in seating:
        strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
        options: dict[str, Any] = {"num_cpus": 0, "max_restarts": 0, "scheduling_strategy": strategy}
        # Ray accepts GPUs only by their own option, everything else only as a named resource.
        options.update({"num_gpus": 1} if resource == "GPU" else {"resources": {resource: 1}})
        actors.append(actor_class.options(**options).remote(seat.rank, resource))
    result = Ranks(group, [seat for _, seat in seating], actors, resource)
    try:
        result.ask("start", max(deadline - time.monotonic(), POLL_SECONDS), stop)
    except RanksError:
        result.release()
        raise
    return result


def wait_for(refs: list[Any], timeout_seconds: float, stop: Event | None) -> set[Any]:
    """Those of `refs` that are still open after the timeout, or when a stop was asked for."""
    deadline = time.monotonic() + timeout_seconds
    pending = refs
    while pending and not (stop is not None and stop.is_set()):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        _, pending = ray.wait(pending, num_returns=len(pending), timeout=min(POLL_SECONDS, left))
    return set(pending)


def seat_ranks(bundles: dict[int, str], nodes: list[dict[str, Any]], own_node: str) -> list[tuple[int, Seat]]:
    """Number the ranks node by node, the engine's own node first, the others by address."""
    by_id = {str(node["NodeID"]): node for node in nodes}

    def order(item: tuple[int, str]) -> tuple[bool, int, int]:
        bundle, node_id = item
        return node_id != own_node, int(ipaddress.ip_address(by_id[node_id]["NodeManagerAddress"])), bundle

    seating = []
    for rank, (bundle, node_id) in enumerate(sorted(bundles.items(), key=order)):
        node = by_id[node_id]
        seating.append((bundle, Seat(rank, node["NodeManagerHostname"], node["NodeManagerAddress"], node_id)))
    return seating


def describe_missing(nodes: list[dict[str, Any]], resource: str, ranks: int) -> str:
    """Which accelerators the cluster offers, node by node, against the number of ranks."""
    offers = [(node, float(node["Resources"].get(resource, 0))) for node in nodes if node["Alive"]]
    total = sum(count for _, count in offers)
    per_node = ", ".join(
        f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']}) {count:g}" for node, count in offers
    )
    text = f"{ranks} ranks need {ranks} {resource}, the cluster has {total:g}: "
    text += per_node or "no node is alive"
    # Enough in total and still not placed: somebody else holds them.
    return text if total < ranks else f"{text}; some are held by another job"


def refuse_shared_devices(replies: list[Reply], resource: str) -> None:
    """Two ranks on one accelerator would let a completion prove less than it says."""
    holders: dict[tuple[str, str], int] = {}
    for reply in replies:
        if reply.device == "":
            raise RanksError(f"rank {reply.rank} on {reply.node} ({reply.address}) holds no {resource}")
        other = holders.setdefault((reply.address, reply.device), reply.rank)
        if other != reply.rank:
            device = f"{resource} {reply.device} of {reply.node}"
            raise RanksError(f"ranks {other} and {reply.rank} both hold {device}")


def ranges(numbers: list[int]) -> str:
    """`[0, 1, 2, 5]` as `0-2,5`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def first_line(error: Exception) -> str:
    """Ray's messages are pages long; the first line says it."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def connect() -> None:
    """Join the local cluster as a driver: RAY_ADDRESS, else the node that runs on this machine."""
    # By value: the workers need no copy of this file and no import path to it.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ray.init(
        address=os.environ.get("RAY_ADDRESS", "auto"),
        log_to_driver=False,
        logging_level=logging.WARNING,
        namespace="emulated-engine",
    )
