"""The OpenAI-compatible API of a stand-in, with the faults that a real one can have."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from threading import Event, Thread

import emulated_api
from emulated_api import ApiError, Backend

from stand_ins import behaviour
from stand_ins.ranks import Rank, Ranks, RanksLost, sentence

#: Beside the engine's own paths: what every rank said of itself, for the test.
RANKS_PATH = "/stand-in/ranks"


class Handler(emulated_api.Handler):
    server_version = "stand-in"
    #: The behaviour of this start.
    kind = behaviour.NORMAL
    serving: Serving

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path != RANKS_PATH:
            super().do_GET()
            return
        try:
            self.send_json(200, {"ranks": [rank.plain() for rank in self.serving.ask()]})
        except ApiError as error:
            self.send_error_json(error)

    def parse_request(self) -> bool:
        if self.kind == behaviour.HANG:
            # Taken, and never answered.
            Event().wait()
        return super().parse_request()


class Serving:
    """One model behind one API: its ranks are there from the moment that they are set."""

    def __init__(self, model: str, kind: str) -> None:
        self.model = model
        self.kind = kind
        self.ranks: Ranks | None = None

    def ask(self) -> list[Rank]:
        if self.ranks is None:
            raise ApiError(503, "the engine is starting", "not_ready")
        try:
            return self.ranks.ask()
        except RanksLost as error:
            raise ApiError(500, f"EngineDeadError: {error}", "engine_dead") from None

    def complete(self, _prompt: str) -> str:
        found = self.ask()
        if self.kind == behaviour.COMPLETION_500:
            raise ApiError(500, "the engine is up and cannot compute", "engine_error")
        return sentence(found, len(found))

    def health(self) -> tuple[bool, str]:
        """Says nothing of the engine's ability to compute, as with the real ones."""
        if self.kind == behaviour.HEALTH_503:
            return False, "the engine is unhealthy"
        if self.ranks is None:
            return False, "the engine is starting"
        return self.ranks.lost is None, self.ranks.lost or "ok"

    def listen(self, host: str, port: int) -> ThreadingHTTPServer:
        """Real engines open their port when the model is loaded. Raises OSError for a port in use."""
        backend = Backend(self.model, self.complete, self.health)
        members = {"backend": backend, "kind": self.kind, "serving": self}
        server = ThreadingHTTPServer(
            (host, port + 1 if self.kind == behaviour.WRONG_PORT else port),
            type("BoundHandler", (Handler,), members),
        )
        server.daemon_threads = True
        Thread(target=server.serve_forever, name="http", daemon=True).start()
        behaviour.say(f"listens on {host}:{server.server_port}")
        return server
