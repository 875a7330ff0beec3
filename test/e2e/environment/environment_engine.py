"""An engine whose answer is the environment that a Ray task finds on every node, as JSON."""

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


@ray.remote(num_cpus=0)
def environment_of_task() -> dict[str, str]:
    return dict(os.environ)


def ask_every_node() -> dict[str, Any]:
    """The environment of a task on each node by the node's address, and that of this process."""
    tasks = {
        node["NodeManagerAddress"]: environment_of_task.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote()
        for node in ray.nodes()
        if node["Alive"]
    }
    return {"driver": dict(os.environ), "tasks": {where: ray.get(task) for where, task in tasks.items()}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._send("ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        content = json.dumps(ask_every_node())
        self._send(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}))

    def _send(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing to say."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    ray.init(log_to_driver=False)
    HTTPServer(("0.0.0.0", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
