"""A hub with one model for containers of this machine, and a door for the test that runs it.

Prints one line of JSON, `{"url", "control"}`, and serves until its standard input ends. `GET` of the control
address says what was sent, `POST` changes how the hub behaves.
"""

import argparse
import hashlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "helpers"))

from fixtures.fake_hub import FakeHub, Trouble, content


def model(weights: int, weight_bytes: int) -> dict[str, bytes]:
    files = {
        f"model-{index:05d}-of-{weights:05d}.safetensors": content(str(index), weight_bytes + index)
        for index in range(1, weights + 1)
    }
    return {**files, "config.json": b'{"architectures": ["X"]}\n', "tokenizer.json": content("t", 3000)}


class Control(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self) -> None:
        hub = self.hub
        files = {
            path: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in hub.files.items()
        }
        with hub.lock:
            sent, requests = dict(hub.sent), len(hub.requests)
        self.answer({"sent": sent, "requests": requests, "files": files})

    def do_POST(self) -> None:
        change: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hub = self.hub
        hub.gated = bool(change["gated"])
        hub.tokens, hub.members = set(change["tokens"]), set(change["members"])
        hub.trouble = {
            path: Trouble(bytes_per_second=float(rate)) for path, rate in change["bytesPerSecond"].items()
        }
        with hub.lock:
            hub.sent.clear()
            hub.requests.clear()
        self.answer({})

    def answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True, help="address that the containers reach")
    parser.add_argument("--repository", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument("--weights", type=int, default=4)
    parser.add_argument("--weight-bytes", type=int, default=4_000_000)
    given = parser.parse_args()
    hub = FakeHub(given.repository, given.revision, model(given.weights, given.weight_bytes), given.address)
    Control.hub = hub
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(json.dumps({"url": hub.url, "control": f"http://127.0.0.1:{control.server_port}"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
