"""`ray start --block`: the head keeps the table of nodes, a worker is in it while its connection lasts."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any


def option(name: str, default: str = "") -> str:
    found = [word for word in sys.argv if word.startswith(f"--{name}=")]
    return found[0].partition("=")[2] if found else default


def main() -> None:
    address = option("node-ip-address")
    resources = json.loads(option("resources", "{}"))
    if option("num-gpus", "0") != "0":
        resources["GPU"] = int(option("num-gpus"))
    own = {
        "NodeID": secrets.token_hex(8),
        "Alive": True,
        "NodeManagerAddress": address,
        "NodeName": option("node-name"),
        "Resources": resources,
    }
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    manager = socket.create_server((address, int(option("node-manager-port"))))
    # As Ray's agents are.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100000)"])
    print(f"Local node IP: {address}", flush=True)
    if "--head" in sys.argv:
        _keep_table(own, address)
    else:
        _join(own, address)
    manager.close()


def _keep_table(own: dict[str, Any], address: str) -> None:
    nodes, lock = {own["NodeID"]: own}, threading.Lock()

    def serve(link: socket.socket) -> None:
        joined: dict[str, Any] | None = None
        try:
            for line in link.makefile("rb"):
                said = json.loads(line)
                with lock:
                    if said.get("ask") == "nodes":
                        link.sendall(json.dumps(list(nodes.values())).encode() + b"\n")
                    else:
                        joined = said["node"]
                        nodes[said["node"]["NodeID"]] = said["node"]
                        link.sendall(b"ok\n")
        except (OSError, ValueError):
            pass
        finally:
            if joined is not None:
                with lock:
                    joined.update(Alive=False, DeathReasonMessage="connection closed")
            link.close()

    listener = socket.create_server((address, int(option("port"))), backlog=1024)
    while True:
        link, _ = listener.accept()
        threading.Thread(target=serve, args=(link,), daemon=True).start()


def _join(own: dict[str, Any], address: str) -> None:
    host, _, port = option("address").rpartition(":")
    end = time.monotonic() + 30
    while True:
        try:
            link = socket.create_connection((host, int(port)), timeout=3, source_address=(address, 0))
            break
        except OSError:
            if time.monotonic() > end:
                sys.exit("node timed out during startup")
            time.sleep(0.2)
    link.settimeout(None)
    link.sendall(json.dumps({"node": own}).encode() + b"\n")
    answers = link.makefile("rb")
    answers.readline()
    # Until the head is gone.
    answers.readline()
    time.sleep(1)
    sys.exit("GCS is gone")


main()
