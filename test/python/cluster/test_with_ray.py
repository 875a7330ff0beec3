"""The node program with real Ray: one node as any user, two nodes in namespaces as root.

Runs where `ray` is installed for this Python, else says that it is skipped.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from importlib import metadata
from pathlib import Path
from typing import Any

import namespaces
import support

from ray_node.agent import state
from ray_node.host import address, clock, listening, versions

HAS_RAY = importlib.util.find_spec("ray") is not None
RAY = metadata.version("ray") if HAS_RAY else ""
NO_NAMESPACES = namespaces.why_not() if HAS_RAY else "Ray is not installed for this Python"
AUTHENTICATION = (
    "token" if HAS_RAY and versions.is_at_least(RAY, support.example()["ray"]["tokenSince"]) else "none"
)


def real(folder: Path, addresses: list[str], index: int, **changes: Any) -> dict[str, Any]:
    """node.json of node `index` for real Ray; `davinci<n>` files in `<folder>/dev<index>` are its devices."""
    devices = folder / f"dev{index}"
    devices.mkdir(exist_ok=True)
    for number in range(8):
        (devices / f"davinci{number}").touch()
    value = support.on_loopback(folder)
    engine = support.FIXTURES / "tiny_engine.py"
    count = len(addresses)
    return support.changed(
        value,
        {
            "node.name": f"npu-{index}",
            "node.role": "head" if index == 0 else "worker",
            "node.address": addresses[index],
            "node.accelerators.deviceGlob": str(devices / "davinci[0-9]*"),
            "head.address": addresses[0],
            "pools.0.nodes": count,
            "pools.0.addresses": addresses,
            "ray.version": RAY,
            "ray.authentication": AUTHENTICATION,
            # Ray notices a node that is gone after 2 s, in place of 12 s.
            "environment.cluster": {
                **value["environment"]["cluster"],
                "RAY_health_check_initial_delay_ms": "1000",
                "RAY_health_check_period_ms": "500",
                "RAY_health_check_failure_threshold": "3",
            },
            "engine.argv": [
                *(sys.executable, str(engine), "--port", str(value["engine"]["api"]["port"])),
                *("--nodes", str(count), "--break", str(folder / "break")),
            ],
            "engine.api.proof.0.expect": f"{8 * count} of {8 * count} ranks",
            "deadlines": {
                "head": 60,
                "membership": 90,
                "hold": 1,
                "engine": 60,
                "completion": 30,
                "stop": 20,
                "serving": 200,
            },
            **{path.replace("__", "."): item for path, item in changes.items()},
        },
    )


@unittest.skipUnless(HAS_RAY, "Ray is not installed for this Python")
class OneNodeTest(unittest.TestCase):
    def test_node_serves_heals_and_leaves_nothing_behind(self) -> None:
        # Ray replaces 127.0.0.1 by another address of the machine, so that one is taken.
        own = next(item.address for item in address.local_addresses() if item.interface != "lo")
        folder = Path(tempfile.mkdtemp())
        ports = dict(
            zip(
                (
                    *("gcs", "nodeReport", "nodeManager", "objectManager", "runtimeEnvAgent"),
                    *("dashboardAgentGrpc", "dashboardAgentListen", "metricsExport", "dashboard"),
                    *("autoscalerMetrics", "dashboardMetrics", "client"),
                ),
                support.free_ports(12),
                strict=True,
            )
        )
        value = real(folder, [own], 0, subnet=f"{own}/32")
        value["ports"].update(ports)
        config = folder / "npu-0.json"
        config.write_text(json.dumps(value), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")}
        command = [sys.executable, "-m", "ray_node"]
        node = subprocess.Popen([*command, "start", "--config", str(config)], env=environment)
        self.addCleanup(node.wait)
        self.addCleanup(node.terminate)
        path = state.path_of(str(folder / "state"), "npu-0")

        serving = support.await_state(path, "serving", 90)
        self.assertEqual(serving["completion"]["text"], "8 of 8 ranks")
        self._opens_only_what_is_planned(node.pid, value)
        status = [*command, "status", "--config", str(config)]
        self.assertEqual(subprocess.run(status, env=environment, check=False).returncode, 0)

        (folder / "break").write_text("exit", encoding="utf-8")
        support.await_that(lambda: "degraded" in str(state.read(path)), lambda: state.read(path), 30)
        (folder / "break").unlink()
        since = clock.epoch(serving["since"]) or 0
        support.await_state(path, "serving", 90, after=since + 0.001)

        stop = [*command, "stop", "--config", str(config)]
        before = time.monotonic()
        self.assertEqual(subprocess.run(stop, env=environment, check=False).returncode, 0)
        self.assertLess(time.monotonic() - before, 20)
        self.assertEqual(node.wait(5), 143)
        time.sleep(0.5)
        left = [
            words
            for entry in Path("/proc").glob("[0-9]*/cmdline")
            if str(folder) in (words := _text(entry)) or f"={ports['nodeManager']} " in words
        ]
        self.assertEqual(left, [])

    def _opens_only_what_is_planned(self, pid: int, value: dict[str, Any]) -> None:
        ports = {name: port for name, port in value["ports"].items() if isinstance(port, int)}
        workers = range(ports["workersFrom"], ports["workersTo"] + 1)
        planned = {*ports.values(), value["engine"]["api"]["port"]}
        found = {int(where.rpartition(":")[2]) for where in listening.of_group(pid)}
        self.assertIn(ports["gcs"], found)
        self.assertEqual({port for port in found if port not in planned and port not in workers}, set())


@unittest.skipIf(NO_NAMESPACES is not None, str(NO_NAMESPACES))
class TwoNodesTest(unittest.TestCase):
    HEAD = "10.89.250.10"
    WORKER = "10.89.250.11"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        network = namespaces.Network()
        self.addCleanup(network.close)
        base = support.on_loopback(self.folder)
        self.machines = []
        for index, own in enumerate((self.HEAD, self.WORKER)):
            value = real(self.folder, [self.HEAD, self.WORKER], index, subnet="10.89.250.0/24")
            for key in ("ports", "engine"):
                value[key] = base[key] if key == "ports" else value[key]
            value["engine"]["api"].update(port=8000)
            value["engine"]["argv"][3] = "8000"
            config = self.folder / f"npu-{index}.json"
            config.write_text(json.dumps(value), encoding="utf-8")
            self.machines.append(namespaces.Machine(network, own, self.folder, config))
        self.head, self.worker = self.machines
        self.path = state.path_of(str(self.folder / "state"), "npu-0")
        self.worker_path = state.path_of(str(self.folder / "state"), "npu-1")

    def start(self) -> None:
        for machine in self.machines:
            self.addCleanup(machine.close)
            machine.start()

    def until(self, wanted: str, seconds: float = 100.0, after: float = 0.0) -> dict[str, Any]:
        try:
            return support.await_state(self.path, wanted, seconds, after)
        except AssertionError as error:
            logs = "\n".join(machine.log.read_text(encoding="utf-8") for machine in self.machines)
            raise AssertionError(f"{error}\n{logs}") from error

    def again(self, before: dict[str, Any]) -> dict[str, Any]:
        """Serving, since later than it was in `before`."""
        return self.until("serving", 120, (clock.epoch(before["since"]) or 0) + 0.001)

    def verdict(self, words: str) -> None:
        """Until the head says this of the worker."""

        def members() -> str:
            return str((state.read(self.path) or {}).get("members"))

        support.await_that(lambda: words in members(), members, 100.0)

    def test_cluster_names_what_is_wrong_then_serves_and_heals(self) -> None:
        """One cluster for all of it: each start of Ray takes seconds."""
        config = self.folder / "npu-1.json"
        good = config.read_text(encoding="utf-8")
        wrong = self.folder / "another-token"
        wrong.write_text("ab" * 32, encoding="ascii")
        wrong.chmod(0o600)
        value = json.loads(good)
        value["paths"]["token"] = str(wrong)
        config.write_text(json.dumps(value), encoding="utf-8")
        missing = [self.folder / "dev1" / f"davinci{number}" for number in (6, 7)]
        for device in missing:
            device.unlink()
        self.start()
        with self.subTest("a wrong token"):
            if AUTHENTICATION == "none":
                self.skipTest(f"Ray {RAY} has no token authentication")
            self.verdict("wrong token")
        config.write_text(good, encoding="utf-8")
        self.worker.signal("ray_node start", signal.SIGKILL)
        with self.subTest("six of eight accelerators"):
            self.verdict("joined with 6 of 8 accelerators (NPU)")
            support.await_state(self.worker_path, "joined")
        for device in missing:
            device.touch()
        with self.subTest("the worker's raylet is killed"):
            self.assertGreater(self.worker.signal("raylet/raylet", signal.SIGKILL), 0)
            serving = self.until("serving")
            self.assertEqual(serving["completion"]["text"], "16 of 16 ranks")
            worker = state.read(self.worker_path) or {}
            self.assertEqual((worker["member"], worker["accelerators"]["found"]), (True, 8))
        with self.subTest("the worker is killed"):
            self.assertGreater(self.worker.signal("ray_node start", signal.SIGKILL), 0)
            serving = self.again(serving)
            self.assertIn("degraded", [entry["state"] for entry in serving["history"]])
        with self.subTest("the engine is killed"):
            self.assertGreater(self.head.signal("tiny_engine", signal.SIGKILL), 0)
            serving = self.again(serving)
        with self.subTest("the head is killed"):
            session = serving["session"]
            self.assertGreater(self.head.signal("ray_node start", signal.SIGKILL), 0)
            serving = self.again(serving)
            self.assertNotEqual(serving["session"], session)
        with self.subTest("no secret on a command line or in the state"):
            if AUTHENTICATION == "none":
                self.skipTest(f"Ray {RAY} has no token authentication")
            value = (self.folder / "ray-token").read_text(encoding="ascii")
            texts = [_text(entry) for entry in Path("/proc").glob("[0-9]*/cmdline")]
            texts += [machine.log.read_text(encoding="utf-8") for machine in self.machines]
            texts += [item.read_text(encoding="utf-8") for item in (self.folder / "state").iterdir()]
            self.assertFalse([text for text in texts if value in text])
        with self.subTest("a stop in order"):
            for machine in self.machines:
                machine.close()
                self.assertEqual(machine.exit_codes[-1], 143)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
