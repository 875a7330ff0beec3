"""Stands in for `lmdeploy serve api_server`, with its PyTorch engine on Ray."""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Event, Thread

from stand_ins import behaviour, copies, flags, ray_ranks, record
from stand_ins.api import Serving
from stand_ins.flags import Arguments, Refused
from stand_ins.ranks import RanksLost

VERSION = os.environ.get("STAND_IN_LMDEPLOY", "0.18.0")
_COPIES = "lmdeploy-with-hccl"


def check(arguments: Arguments) -> None:
    """What LMDeploy refuses once it has taken the command apart. Raises Refused."""
    problems = []
    if arguments.text("--backend", "turbomind") != "pytorch":
        problems.append("only the PyTorch engine runs on Ray")
    if os.environ.get("LMDEPLOY_EXECUTOR_BACKEND") != "ray":
        problems.append("LMDEPLOY_EXECUTOR_BACKEND must be 'ray' for ranks on several nodes")
    if not os.path.isfile(os.path.join(arguments.positional[0], "config.json")):
        problems.append(f"no config.json in {arguments.positional[0]}")
    if problems:
        raise Refused(problems)


def serve(arguments: Arguments, kind: str) -> None:
    serving = Serving(arguments.text("--model-name", arguments.positional[0]), kind)
    ray_ranks.connect()
    resource = "NPU" if arguments.text("--device", "cuda") == "ascend" else "GPU"
    ranks = ray_ranks.RayRanks(resource, arguments.number("--tp", 1), copies.rule(_COPIES), [])
    ranks.meet(os.environ["LMDEPLOY_DIST_MASTER_ADDR"], int(os.environ["LMDEPLOY_DIST_MASTER_PORT"]))
    serving.ranks = ranks
    Thread(target=ray_ranks.watch, args=(ranks, Event()), daemon=True).start()
    # After Ray's own handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serving.listen(arguments.text("--server-name", "0.0.0.0"), arguments.number("--server-port", 23333))
    while True:
        time.sleep(60)


def main() -> int:
    try:
        arguments = flags.load(f"lmdeploy-{VERSION}").parse(sys.argv[1:], positional=1)
        check(arguments)
    except Refused as refused:
        print(
            f"usage: lmdeploy serve api_server [options] model_path\nlmdeploy: error: {refused}",
            file=sys.stderr,
        )
        return 2
    record.write("lmdeploy")
    kind = behaviour.chosen()
    behaviour.begin(kind)
    try:
        serve(arguments, kind)
    except (RanksLost, OSError) as error:
        print(f"stand-in: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
