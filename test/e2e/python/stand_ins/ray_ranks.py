"""One Ray actor on each accelerator: an engine's executor `ray`."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from threading import Event
from typing import Any, NoReturn

import ray
from emulated_ranks import describe_missing, first_line, seat_ranks, wait_for
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from stand_ins.copies import Copies, arrived
from stand_ins.ranks import Rank, RanksLost
from stand_ins.record import told

_PLACE_SECONDS = 60.0
_ANSWER_SECONDS = 10.0


class RankActor:
    """Runs in a process of its own that holds one accelerator."""

    def __init__(self, rank: int, resource: str, carried: dict[str, str], overwrites: bool) -> None:
        held = ray.get_runtime_context().get_accelerator_ids().get(resource, [])
        self.own = Rank(
            rank=rank,
            node=socket.gethostname(),
            address=ray.util.get_node_ip_address(),
            device=",".join(str(device) for device in held),
            pid=os.getpid(),
            environment=told(arrived(carried, os.environ, overwrites)),
        )
        self.listener: socket.socket | None = None

    def answer(self, request: str) -> tuple[str, Rank]:
        """The request comes back, so that an old reply can never pass for a new one."""
        return request, self.own

    def listen(self, port: int) -> None:
        """Rank 0: the place where all ranks meet."""
        self.listener = socket.create_server(("", port), backlog=64)

    def meet(self, address: str, port: int) -> None:
        socket.create_connection((address, port), timeout=_ANSWER_SECONDS).close()

    def imports(self, module: str) -> str:
        """Where this rank's process finds a module of the engine."""
        return str(__import__(module).__file__)


class RayRanks:
    """All ranks of an engine on Ray, on one placement group. Raises RanksLost where they cannot be placed."""

    def __init__(self, resource: str, count: int, copies: Copies | None, excluded: list[str]) -> None:
        self.lost: str | None = None
        self._requests = 0
        carried = copies.carried(os.environ, excluded) if copies is not None else {}
        overwrites = copies is not None and copies.overwrites
        self._group = self._reserve(resource, count)
        bundles = placement_group_table(self._group)["bundles_to_node_id"]
        actor_class = ray.remote(RankActor)
        self._actors: list[Any] = []
        for bundle, seat in seat_ranks(bundles, ray.nodes(), ray.get_runtime_context().get_node_id()):
            strategy = PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=bundle)
            options: dict[str, Any] = {"num_cpus": 0, "max_restarts": 0, "scheduling_strategy": strategy}
            # Ray accepts GPUs only by their own option, everything else only as a named resource.
            options.update({"num_gpus": 1} if resource == "GPU" else {"resources": {resource: 1}})
            actor = actor_class.options(**options).remote(seat.rank, resource, carried, overwrites)
            self._actors.append(actor)
        self.ask(_PLACE_SECONDS)

    def ask(self, seconds: float = _ANSWER_SECONDS) -> list[Rank]:
        self._requests += 1
        request = str(self._requests)
        replies = self._call([actor.answer.remote(request) for actor in self._actors], seconds)
        for rank, (echoed, reply) in enumerate(replies):
            if (echoed, reply.rank) != (request, rank):
                self._lose(f"rank {reply.rank} answered request {echoed} in the place of rank {rank}")
        return [reply for _, reply in replies]

    def meet(self, address: str, port: int) -> None:
        """Rank 0 listens, all others reach it."""
        self._call([self._actors[0].listen.remote(port)], _ANSWER_SECONDS)
        self._call([actor.meet.remote(address, port) for actor in self._actors[1:]], 2 * _ANSWER_SECONDS)

    def imports(self, module: str) -> list[str]:
        return self._call([actor.imports.remote(module) for actor in self._actors], _ANSWER_SECONDS)

    def close(self) -> None:
        remove_placement_group(self._group)
        ray.shutdown()

    def _reserve(self, resource: str, count: int) -> Any:
        group = placement_group([{resource: 1}] * count, strategy="PACK")
        if not group.wait(_PLACE_SECONDS):
            missing = describe_missing(ray.nodes(), resource, count)
            remove_placement_group(group)
            self._lose(f"no placement group within {_PLACE_SECONDS:g} s: {missing}")
        return group

    def _call(self, refs: list[Any], seconds: float) -> list[Any]:
        pending = wait_for(refs, seconds, Event())
        for rank, ref in enumerate(refs):
            if ref in pending:
                self._lose(f"rank {rank} has not answered within {seconds:g} s")
            try:
                ray.get(ref)
            except Exception as error:  # whatever Ray raises here is the rank's failure
                self._lose(f"rank {rank}: {first_line(error)}")
        return list(ray.get(refs))

    def _lose(self, why: str) -> NoReturn:
        self.lost = why
        raise RanksLost(why)


def connect() -> None:
    """Join the cluster that `RAY_ADDRESS` names, as a driver."""
    ray.init(log_to_driver=False, logging_level=logging.WARNING)


def total(resource: str) -> int:
    """Accelerators of the whole cluster."""
    return int(ray.cluster_resources().get(resource, 0))


def resource_of(environment: Mapping[str, str] = os.environ) -> str:
    """The resource that counts the accelerators: the one of which the cluster has some."""
    found = [name for name in ("GPU", "NPU") if total(name) > 0]
    return found[0] if found else environment.get("STAND_IN_RESOURCE", "GPU")


def watch(ranks: RayRanks, stop: Event) -> None:
    """A lost rank is known when nobody asks, too: the real executors watch their workers."""
    while not stop.wait(2.0) and ranks.lost is None:
        started = time.monotonic()
        try:
            ranks.ask()
        except RanksLost:
            print(f"stand-in: {ranks.lost} (after {time.monotonic() - started:.1f} s)", flush=True)
