"""TLS between two nodes on real Ray, in namespaces, as root.

Runs where `ray` is installed for this Python, else says that it is skipped.
"""

import json
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import certified
import namespaces
import support
from test_with_ray import NO_NAMESPACES, real

from ray_node.agent import state
from ray_node.host import clock

ADDRESSES = ["10.89.253.10", "10.89.253.11"]
#: Connects as whoever has no certificate, and says what the other side speaks.
ASK = """
import socket, ssl, sys
link = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
try:
    link = context.wrap_socket(link)
    link.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
    link.settimeout(5)
    print("answered" if link.recv(1) else "closed")
except ssl.SSLError as error:
    print(error.reason)
except OSError as error:
    print(type(error).__name__)
"""
#: Asks Ray's control store alone: a driver needs the node's own sockets, too.
STATUS = (sys.executable, "-m", "ray.scripts.scripts", "status")


@unittest.skipUnless(shutil.which("openssl"), "no program 'openssl'")
@unittest.skipIf(NO_NAMESPACES is not None, str(NO_NAMESPACES))
class RayWithTlsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        network = namespaces.Network()
        self.addCleanup(network.close)
        self.ports = support.on_loopback(self.folder)["ports"]
        self.machines = []
        for index, own in enumerate(ADDRESSES):
            files = certified.files_in(self.folder / f"machine-{index}")
            self.value = support.changed(
                real(self.folder, ADDRESSES, index),
                {
                    "subnet": "10.89.253.0/24",
                    "ports": self.ports,
                    "engine.api.port": 8000,
                    "engine.argv.3": "8000",
                    "tls": {"authority": files.authority, "certificate": files.certificate, "key": files.key},
                },
            )
            config = self.folder / f"npu-{index}.json"
            config.write_text(json.dumps(self.value), encoding="utf-8")
            self.machines.append(namespaces.Machine(network, own, self.folder, config))
        self.head, self.worker = self.machines
        self.path = state.path_of(str(self.folder / "state"), "npu-0")
        for machine in self.machines:
            self.addCleanup(machine.close)
            machine.start()

    def serves(self, after: float = 0.0) -> dict[str, Any]:
        try:
            return support.await_state(self.path, "serving", 120, after)
        except AssertionError as error:
            logs = "\n".join(machine.log.read_text(encoding="utf-8") for machine in self.machines)
            raise AssertionError(f"{error}\n{logs}") from error

    def test_cluster_serves_over_tls_and_nobody_without_a_certificate_gets_in(self) -> None:
        serving = self.serves()
        self.assertEqual(serving["completion"]["text"], "16 of 16 ranks")
        for name in ("gcs", "nodeManager", "objectManager", "nodeReport"):
            with self.subTest(name):
                asked = self.worker.execute(sys.executable, "-c", ASK, ADDRESSES[0], str(self.ports[name]))
                # It speaks TLS, and breaks off: with an alert, or before that arrives.
                self.assertNotRegex(asked.stdout, "answered|WRONG_VERSION|^$", asked.stderr)
        config = str(self.folder / "npu-1.json")
        run = (sys.executable, "-m", "ray_node", "run", "--config", config, "--")
        with self.subTest("a program of the owner"):
            # The report is some seconds old.
            support.await_that(
                lambda: self.worker.execute(*run, *STATUS).stdout.count(" node_") == 2,
                lambda: self.worker.execute(*run, *STATUS),
                30,
            )
        with self.subTest("a program in clear that has the token"):
            found = self.worker.execute(*run, "timeout", "20", "env", "RAY_USE_TLS=0", *STATUS)
            self.assertEqual((found.stdout.count(" node_"), found.returncode == 0), (0, False), found)
        with self.subTest("the worker restarts, with another certificate"):
            files = certified.files_in(self.folder / "machine-1")
            before = Path(files.certificate).read_bytes()
            self.assertGreater(self.worker.signal("ray_node start", signal.SIGKILL), 0)
            serving = self.serves((clock.epoch(serving["since"]) or 0) + 0.001)
            self.assertNotEqual(Path(files.certificate).read_bytes(), before)
        self.assertEqual(serving["refused"].get(f"port {self.ports['nodeReport']}", {}).get("internal"), None)


if __name__ == "__main__":
    unittest.main()
