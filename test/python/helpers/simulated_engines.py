"""The engines of the tests on the simulated clock: the programs in `fixtures`, as simulated processes."""

import signal
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from fixtures import group_engine, tiny_engine
from simulated_process import SimulatedProcess, stay

from ray_node.host import clock

_START_SECONDS = 0.3
#: How soon an engine notices something.
_TICK_SECONDS = 0.05


def tiny(process: SimulatedProcess) -> int:
    arguments = tiny_engine.parser().parse_args(process.argv[2:])
    clock.wait(process.asked_to_end, _START_SECONDS)
    if arguments.exit_at_once:
        for line in arguments.last_words or ["cannot find the model"]:
            process.say(line)
        return 7

    def leave(code: int) -> None:
        process.say("engine breaks on purpose")
        process.end(code)

    server = tiny_engine.server_of(arguments.port, arguments.broken, lambda: "0 of 0 ranks", leave)
    _serve(process, server)
    process.say(f"serving on {arguments.port}")
    return stay(process)


class Group:
    """Makes the processes of a group engine; the newest process of each rank can be looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ranks: dict[int, SimulatedProcess] = {}
        #: Of the leader that is waiting or serving: those that have met it.
        self._met: dict[int, SimulatedProcess] = {}

    def alive(self) -> list[int]:
        return sorted(rank for rank, process in self.ranks.items() if process.alive)

    def program(self, process: SimulatedProcess) -> int:
        arguments = group_engine.parser().parse_args(process.argv[2:])
        rank = arguments.node_rank
        self.ranks[rank] = process
        lonely, hangs = self._trouble(rank) == "lonely", self._trouble(rank) == "hang"
        clock.wait(process.asked_to_end, _START_SECONDS)
        if rank == 0:
            self._met = {}
        served = False
        leader: SimulatedProcess | None = None
        while process.alive:
            if process.asked_to_end.is_set() and not hangs:
                return -signal.SIGTERM
            if self._trouble(rank) == "exit":
                process.say(f"rank {rank}: out of memory")
                return 9
            if rank == 0:
                lost = next((f"rank {other}" for other, met in self._met.items() if not met.alive), None)
                if not served and len(self._met) == arguments.nodes - 1:
                    served = True
                    process.say(f"{arguments.nodes} ranks have met")
                    _serve(process, group_engine.server_of(arguments.port, arguments.nodes, self._is_sick))
            else:
                if leader is None and self.ranks[0].alive:
                    leader = self.ranks[0]
                    self._met[rank] = process
                    process.say(f"rank {rank} has met rank 0")
                lost = "rank 0" if leader is not None and not leader.alive else None
            if lost is not None and not lonely:
                clock.sleep(_TICK_SECONDS)
                process.say(f"rank {rank}: lost {lost}")
                return 1
            clock.sleep(_TICK_SECONDS)
        return 0

    def _is_sick(self) -> bool:
        return self._trouble(0) == "sick"

    def _trouble(self, rank: int) -> str:
        try:
            return (self._folder / f"rank-{rank}").read_text(encoding="utf-8").strip()
        except OSError:
            return ""


def _serve(process: SimulatedProcess, server: ThreadingHTTPServer) -> None:
    def close() -> None:
        # Not in a thread of the server itself, which would wait for its own end.
        threading.Thread(target=server.shutdown).start()
        server.server_close()

    process.hold(close)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
