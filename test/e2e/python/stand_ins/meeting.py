"""Ranks without Ray: every node starts its own, and all of them meet at one TCP port of the first node.

A message is a line of JSON. A rank says who it is and then answers requests; a broken connection is a lost
rank.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, NoReturn

from stand_ins.behaviour import say
from stand_ins.ranks import Rank, RanksLost
from stand_ins.record import told

_ANSWER_SECONDS = 10.0
#: How long a rank tries to reach the first node; torch waits longer.
MEET_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """Which ranks a node has, and where all of them meet."""

    address: str
    port: int
    #: Ranks of all nodes together.
    world: int
    nodes: int
    node_rank: int

    @property
    def own_ranks(self) -> range:
        each = self.world // self.nodes
        return range(self.node_rank * each, (self.node_rank + 1) * each)


class OwnRanks:
    """The processes of this node's ranks. They end with this process: their standard input closes."""

    def __init__(self, place: Place) -> None:
        self._processes = {
            rank: subprocess.Popen(
                [sys.executable, "-m", "stand_ins.meeting", json.dumps([rank, *_words(place)])],
                stdin=subprocess.PIPE,
            )
            for rank in place.own_ranks
        }

    def ended(self) -> str | None:
        """Which one has ended, `None` while all run."""
        for rank, process in self._processes.items():
            if process.poll() is not None:
                return f"rank {rank} has ended with {process.returncode}"
        return None

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


class Meeting:
    """The first node's side: accepts every rank once, then asks them. Dead for good once one is lost."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = Lock()
        self._files: dict[int, Any] = {}
        self._known: dict[int, Rank] = {}
        self._requests = 0
        self.lost: str | None = None
        # Only the address that was given: what listens everywhere would hide a wrong one.
        self._listener = socket.create_server((place.address, place.port), backlog=64)
        Thread(target=self._accept, name="meeting", daemon=True).start()

    @property
    def missing(self) -> list[int]:
        return [rank for rank in range(self._place.world) if rank not in self._known]

    def ask(self) -> list[Rank]:
        with self._lock:
            if self.lost is not None:
                raise RanksLost(self.lost)
            self._requests += 1
            found = []
            for rank in range(self._place.world):
                found.append(self._reply(rank, self._requests))
            return found

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            file = connection.makefile("rw", encoding="utf-8", newline="\n")
            hello = json.loads(file.readline() or "{}")
            world, rank = hello.get("world"), hello.get("self", {}).get("rank")
            wrong = world != self._place.world or rank in self._known or rank is None
            file.write(json.dumps({"welcome": not wrong}) + "\n")
            file.flush()
            if wrong:
                say(f"turns away rank {rank} of {world}")
                connection.close()
                continue
            connection.settimeout(_ANSWER_SECONDS)
            self._files[rank] = file
            self._known[rank] = Rank(**hello["self"])
            Thread(target=self._guard, args=(rank, connection), daemon=True).start()

    def _guard(self, rank: int, connection: socket.socket) -> None:
        """A rank that goes is seen at once: its end of the connection closes."""
        while self.lost is None:
            time.sleep(0.2)
            # Under the lock no reply is on its way: what can be read then is the end.
            with self._lock:
                if _is_closed(connection) and self.lost is None:
                    self.lost = f"rank {rank} on {self._known[rank].node} has gone"
                    say(self.lost)

    def _reply(self, rank: int, request: int) -> Rank:
        file = self._files[rank]
        try:
            file.write(json.dumps({"request": request}) + "\n")
            file.flush()
            answer = json.loads(file.readline())
        except (OSError, ValueError) as error:
            self._lose(f"rank {rank} on {self._known[rank].node} has not answered: {error}")
        if answer != {"request": request, "rank": rank}:
            self._lose(f"rank {rank} on {self._known[rank].node} answered {answer}")
        return self._known[rank]

    def _lose(self, why: str) -> NoReturn:
        self.lost = why
        say(why)
        raise RanksLost(why)


def _is_closed(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _words(place: Place) -> list[object]:
    return [place.world, place.address, place.port]


def rank_process(rank: int, world: int, address: str, port: int) -> int:
    """The life of a rank. It goes on when the first node has gone, as the real ones do."""
    # Linux hands the parent's end over as an end of file.
    Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    connection = _reach(address, port)
    if connection is None:
        say(f"rank {rank} did not reach {address}:{port} within {MEET_SECONDS:g} s")
        return 1
    own = Rank(rank, socket.gethostname(), connection.getsockname()[0], "", os.getpid(), told())
    file = connection.makefile("rw", encoding="utf-8", newline="\n")
    file.write(json.dumps({"world": world, "self": own.plain()}) + "\n")
    file.flush()
    if not json.loads(file.readline() or "{}").get("welcome"):
        say(f"rank {rank} of {world} was turned away by {address}:{port}")
        return 1
    connection.settimeout(None)
    with contextlib.suppress(OSError):
        for line in file:
            file.write(json.dumps({**json.loads(line), "rank": rank}) + "\n")
            file.flush()
    say(f"rank {rank} has lost the first node and goes on")
    while True:
        time.sleep(60)


def _reach(address: str, port: int) -> socket.socket | None:
    deadline = time.monotonic() + MEET_SECONDS
    while time.monotonic() < deadline:
        try:
            return socket.create_connection((address, port), timeout=_ANSWER_SECONDS)
        except OSError:
            time.sleep(0.2)
    return None


if __name__ == "__main__":
    sys.exit(rank_process(*json.loads(sys.argv[1])))
