"""An OpenAI-compatible server whose answers prove that every accelerator of the cluster takes part.

    python3 emulated_serve.py --host 0.0.0.0 --port 8000 --model emulated --resource NPU --ranks 16

Runs on a node of a Ray cluster. Ends with 0 after SIGTERM, with 1 when the ranks cannot be placed in time or
one has died: a rank does not come back, so whoever supervises the engine must start it again.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
import uuid
from threading import Event, Lock, Thread

import emulated_ranks
import ray
from emulated_api import ApiError, ApiServer, Backend
from emulated_ranks import Ranks, RanksError, Reply, ranges

LOG = logging.getLogger("emulated")

PROBE_SECONDS = 2.0
# Until every rank has answered.
START_TIMEOUT_SECONDS = 240.0
# For the replies to one request.
RANK_TIMEOUT_SECONDS = 10.0
# How old the last full answer of all ranks may be for /health to say 200.
FRESH_SECONDS = 10.0
# How long a server with a dead rank goes on to say why before it ends.
LAST_WORDS_SECONDS = 5.0


class Engine:
    """The state between the ranks and the API."""

    def __init__(self, resource: str, ranks: int, rank_timeout_seconds: float) -> None:
        self.resource = resource
        self.ranks = ranks
        self.rank_timeout_seconds = rank_timeout_seconds
        self.placed: Ranks | None = None
        self.dead = Event()
        self._lock = Lock()
        self._complete_at = 0.0
        self._reason: str | None = f"waiting for {ranks} {resource}"

    def ask(self) -> list[Reply]:
        """Every rank's reply; ApiError 503 names who did not answer."""
        if self.placed is None:
            raise ApiError(503, self._reason or "not ready", "not_ready")
        try:
            replies = self.placed.ask(uuid.uuid4().hex, self.rank_timeout_seconds)
        except RanksError as error:
            with self._lock:
                self._reason = str(error)
            if error.final:
                self.dead.set()
            raise ApiError(503, str(error), "rank_failed") from None
        with self._lock:
            self._complete_at = time.monotonic()
            self._reason = None
        return replies

    def complete(self, prompt: str) -> str:
        return answer_text(self.ask(), self.ranks, self.resource)

    def health(self) -> tuple[bool, str]:
        with self._lock:
            if self._reason is not None:
                return False, self._reason
            age = time.monotonic() - self._complete_at
        if age > FRESH_SECONDS:
            return False, f"the last answer of all ranks is {age:.0f} s old"
        return True, f"{self.ranks} of {self.ranks} ranks"

    def watch(self, stop: Event) -> None:
        """Ask all ranks now and then, so that /health costs nothing and is never about the past."""
        while not stop.wait(PROBE_SECONDS):
            try:
                self.ask()
            except ApiError as error:
                LOG.warning("%s", error)


def answer_text(replies: list[Reply], ranks: int, resource: str) -> str:
    """`16 of 16 ranks: npu-0 (10.89.28.10) ranks 0-7 on NPU 0-7; ...`, made of nothing but the replies."""
    nodes: dict[tuple[str, str], list[Reply]] = {}
    for reply in replies:
        nodes.setdefault((reply.node, reply.address), []).append(reply)
    parts = []
    for (node, address), members in nodes.items():
        numbers = ranges([member.rank for member in members])
        devices = [member.device for member in members]
        # Ids are numbers, or UUIDs where the visible devices were given so.
        plain = all(device.isdigit() for device in devices)
        shown = ranges([int(device) for device in devices]) if plain else ",".join(devices)
        parts.append(f"{node} ({address}) ranks {numbers} on {resource} {shown}")
    return f"{len(replies)} of {ranks} ranks: " + "; ".join(parts)


def parse_args(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", required=True, help="address to listen on")
    parser.add_argument("--port", required=True, type=int, help="TCP port")
    parser.add_argument("--model", required=True, help="name of the served model")
    parser.add_argument("--resource", required=True, help="Ray resource of the accelerators: NPU, GPU")
    parser.add_argument("--ranks", required=True, type=int, help="one actor and accelerator each")
    args = parser.parse_args(argv)
    if args.ranks < 1:
        parser.error(f"--ranks must be from 1 on, got {args.ranks}")
    return args


def serve(args: argparse.Namespace) -> int:
    engine = Engine(args.resource, args.ranks, RANK_TIMEOUT_SECONDS)
    # First the port: a busy one shows at once, and /health can say what the start is waiting for.
    server = ApiServer(args.host, args.port, Backend(args.model, engine.complete, engine.health))
    Thread(target=server.serve_forever, name="http", daemon=True).start()
    stop = Event()
    emulated_ranks.connect()
    # After connect(): ray.init() sets a handler of its own.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    LOG.info("placing %d ranks on %s", args.ranks, args.resource)
    began = time.monotonic()
    try:
        engine.placed = emulated_ranks.place(args.resource, args.ranks, START_TIMEOUT_SECONDS, stop)
        LOG.info("%s (%.1f s)", engine.complete(""), time.monotonic() - began)
    except (RanksError, ApiError) as error:
        if stop.is_set():
            return 0
        LOG.error("%s", error)
        return 1
    Thread(target=engine.watch, args=(stop,), name="watch", daemon=True).start()
    while not stop.wait(0.2):
        if engine.dead.is_set():
            stop.wait(LAST_WORDS_SECONDS)
            break
    LOG.info("stopping")
    server.shutdown()
    engine.placed.release()
    # The actors go with their driver.
    ray.shutdown()
    return 1 if engine.dead.is_set() else 0


def main() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        sys.exit(serve(parse_args(sys.argv[1:])))
    except (ConnectionError, OSError) as error:
        LOG.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
