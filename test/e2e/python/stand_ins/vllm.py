"""Stands in for `vllm serve`."""

from __future__ import annotations

import glob
import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread

from stand_ins import behaviour, copies, flags, record
from stand_ins.api import Serving
from stand_ins.flags import Arguments, Refused
from stand_ins.meeting import MEET_SECONDS, Meeting, OwnRanks, Place
from stand_ins.ranks import Ranks, RanksLost

#: Version whose arguments it takes, and whose executor it has on Ray.
VERSION = os.environ.get("STAND_IN_VLLM", "0.33.0")
_FIRST_FILLING = (0, 21)
_DEVICES = os.environ.get("STAND_IN_DEVICES", "/dev/nvidia[0-9]*")


def check(arguments: Arguments) -> Place:
    """What vLLM refuses once it has taken the command apart. Raises Refused."""
    nodes, node_rank = arguments.number("--nnodes", 1), arguments.number("--node-rank", 0)
    tensor = arguments.number("--tensor-parallel-size", 1)
    world = tensor * arguments.number("--pipeline-parallel-size", 1)
    backend = arguments.text("--distributed-executor-backend", "mp")
    problems = []
    if nodes > 1 and backend != "mp":
        problems.append(f"--nnodes {nodes} needs the executor 'mp', not '{backend}'")
    if world % nodes:
        problems.append(f"{world} ranks cannot be spread evenly over {nodes} nodes")
    if not 0 <= node_rank < nodes:
        problems.append(f"--node-rank must be less than --nnodes {nodes}, got {node_rank}")
    if (node_rank > 0) != arguments.has("--headless"):
        problems.append(f"--headless belongs to the nodes after the first, not to --node-rank {node_rank}")
    if not os.path.isfile(os.path.join(arguments.positional[0], "config.json")):
        problems.append(f"no config.json in {arguments.positional[0]}")
    if problems:
        raise Refused(problems)
    address = arguments.text("--master-addr", "127.0.0.1")
    return Place(address, arguments.number("--master-port", 29501), world, nodes, node_rank)


def exclusion_list() -> list[str]:
    """The names that vLLM leaves on their node, from its configuration folder."""
    root = os.environ.get("VLLM_CONFIG_ROOT", os.path.expanduser("~/.config/vllm"))
    file = Path(root) / "ray_non_carry_over_env_vars.json"
    return list(json.loads(file.read_text())) if file.exists() else []


def copies_of(version: str) -> copies.Copies:
    """What this version's executor on Ray carries to its workers."""
    number = tuple(int(part) for part in version.split(".")[:2])
    return copies.rule("vllm-filling" if number >= _FIRST_FILLING else "vllm-overwriting")


def on_ray(world: int) -> Ranks:
    from stand_ins import ray_ranks

    ray_ranks.connect()
    resource = ray_ranks.resource_of()
    ranks = ray_ranks.RayRanks(resource, world, copies_of(VERSION), exclusion_list())
    Thread(target=ray_ranks.watch, args=(ranks, Event()), daemon=True).start()
    return ranks


def meet(place: Place, own: OwnRanks) -> Ranks:
    """The first node's side of `mp`."""
    meeting = Meeting(place)
    deadline = time.monotonic() + MEET_SECONDS
    while meeting.missing:
        ended = own.ended()
        if ended is not None:
            raise RanksLost(ended)
        if time.monotonic() > deadline:
            raise RanksLost(f"the ranks {meeting.missing} have not come within {MEET_SECONDS:g} s")
        time.sleep(0.05)
    return meeting


def start_own(place: Place) -> OwnRanks:
    devices = len(glob.glob(_DEVICES))
    if len(place.own_ranks) > devices:
        raise RanksLost(f"{len(place.own_ranks)} ranks need as many accelerators here, found {devices}")
    return OwnRanks(place)


def follow(place: Place) -> int:
    """A node after the first: nothing but its ranks. Goes on without the first node."""
    own = start_own(place)
    while True:
        time.sleep(0.2)
        ended = own.ended()
        if ended is not None:
            behaviour.say(ended)
            own.close()
            return 1


def serve(arguments: Arguments, place: Place, kind: str) -> int:
    serving = Serving(arguments.text("--served-model-name", arguments.positional[0]), kind)
    port = arguments.number("--port", 8000)
    on_own = arguments.text("--distributed-executor-backend", "mp") == "mp"
    own = start_own(place) if on_own else None
    serving.ranks = meet(place, own) if own is not None else on_ray(place.world)
    # After Ray's own handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serving.listen(arguments.text("--host", "0.0.0.0"), port)
    while own is None or own.ended() is None:
        time.sleep(0.2)
    behaviour.say(str(own.ended()))
    return 1


def main() -> int:
    try:
        arguments = flags.load(f"vllm-{VERSION}").parse(sys.argv[1:], positional=1)
        place = check(arguments)
    except Refused as refused:
        print(f"usage: vllm serve [model_tag] [options]\nvllm serve: error: {refused}", file=sys.stderr)
        return 2
    record.write("vllm", excluded=exclusion_list())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    kind = behaviour.chosen()
    is_follower = arguments.has("--headless")
    behaviour.begin(kind, is_follower)
    try:
        return follow(place) if is_follower else serve(arguments, place, kind)
    except (RanksLost, OSError) as error:
        print(f"stand-in: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
