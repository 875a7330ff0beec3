"""The operator's waiting program (`wait-by-http.sh`) against a head that is none.

Right: it ends with 1 and a reason in time, holds no endless answer, and passes no escape on to the terminal.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from report import ROOT, Attacks

SECONDS = 3
PROGRAM = ROOT / "lib" / "cloud-init" / "wait-by-http.sh"
Behave = Callable[[BaseHTTPRequestHandler], None]


def send(body: bytes, status: int = 200) -> Behave:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200_000):
        handler.wfile.write(b"x" * 65_536)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.5)


def redirects(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.9/")
    handler.end_headers()


HEADS: dict[str, tuple[Behave, int]] = {
    "one that serves": (send(b'{"verdict": "serving", "text": "it serves"}'), 0),
    "one that has failed, with escapes": (
        send(b'{"verdict": "failed", "text": "\x1b]0;x\x07 \x1b[2J"}', 500),
        1,
    ),
    "quoted escapes": (send(b'{"verdict": "waiting", "text": "\\u001b]0;x\\u0007"}', 503), 1),
    "no JSON": (send(b"<html>\x1b[31m"), 1),
    "deep JSON": (send(b"[" * 200_000), 1),
    "silence": (lambda _: time.sleep(8), 1),
    "an answer without an end": (endless, 1),
    "an answer that drips": (drips, 1),
    "a redirect": (redirects, 1),
    "noise": (lambda handler: noise(handler), 1),
}


def noise(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00" * 1000)


def main() -> None:
    attacks = Attacks("an operator who waits for what is no head")
    for name, (behave, wanted) in HEADS.items():

        class Handler(BaseHTTPRequestHandler):
            act = staticmethod(behave)

            def do_GET(self) -> None:
                with contextlib.suppress(OSError):
                    self.act(self)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        variables = {"CLUSTER": "c", "HEAD": "h", "REPORT_URL": f"http://127.0.0.1:{server.server_port}"}
        folder, largest, over = Path(tempfile.mkdtemp(prefix="ray-cluster-attack-")), [0], threading.Event()
        variables["TMPDIR"] = str(folder)
        watcher = threading.Thread(target=_watch, args=(folder, largest, over))
        watcher.start()
        began = time.monotonic()
        ended = subprocess.run(
            ["sh", str(PROGRAM)],
            env={**os.environ, **variables, "TIMEOUT_SECONDS": str(SECONDS), "PAUSE_SECONDS": "0.2"},
            capture_output=True,
            check=False,
            timeout=60,
        )
        over.set()
        watcher.join()
        took = time.monotonic() - began
        server.shutdown()
        said = ended.stdout + ended.stderr
        good = ended.returncode == wanted and took < SECONDS + 6
        clean = not any(byte < 32 and byte not in b"\n\t" for byte in said)
        shutil.rmtree(folder, ignore_errors=True)
        good = good and largest[0] < 4 << 20
        attacks.result(name, good and clean, f"code {ended.returncode} after {took:.1f} s, {said[:90]!r}")
    attacks.end()


def _watch(folder: Path, largest: list[int], over: threading.Event) -> None:
    while not over.wait(0.05):
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                largest[0] = max(largest[0], path.stat().st_size)


if __name__ == "__main__":
    main()
