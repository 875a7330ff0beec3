"""The machines' preflight in the life of a head, and on one node alone."""

import functools
import json
import os
import socket
import subprocess
import sys
from typing import Any
from unittest import mock

import support
from ascend_machine import AscendMachine
from head_case import WHOLE, FakeReader, HeadCase

from ray_node.agent import state
from ray_node.channel.tasks import TaskRunner
from ray_node.cluster import ray_process
from ray_node.config.load import parse
from ray_node.hardware.finding import REPORT_FILE
from ray_node.host import listening
from ray_node.preflight import machine_checks
from ray_node.preflight import tasks as preflight_tasks

#: Before it is replaced.
HANDLERS = preflight_tasks.handlers
TABLE = {"path": "/table.json", "version": "1.0", "devicePort": 16666}


class HeadPreflightTest(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        self.machines = [AscendMachine(self, "a2", server, 4) for server in range(2)]
        # The head's own handlers look at the simulated machine in place of this one.
        rooted = functools.partial(HANDLERS, root=self.machines[0].root)
        patch = mock.patch("ray_node.preflight.tasks.handlers", rooted)
        patch.start()
        self.addCleanup(patch.stop)

    def begin(self, **preflight: Any) -> None:
        FakeReader.nodes = WHOLE
        values: dict[str, Any] = {"board": "a2", "devices": "real", "rankTable": TABLE, **preflight}
        changes: dict[str, Any] = {f"preflight__{key}": value for key, value in values.items()}
        changes["node__accelerators__planned"] = 4
        loaded = parse(support.on_loopback(self.folder, **changes))
        handlers = HANDLERS(loaded, "npu-1", support.WORKER, {}, self.machines[1].root)
        self.tasks = TaskRunner(handlers, lambda: None)
        self.start(**changes)

    def saved(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.folder / "state" / REPORT_FILE).read_text(encoding="utf-8"))
        return value

    def test_rank_table_is_written_on_every_node_before_the_engine_starts(self) -> None:
        self.begin()
        self.until("serving")
        tables = [machine.read("table.json") for machine in self.machines]
        self.assertEqual(tables[0], tables[1])
        self.assertIn('"rank_id": "7"', tables[0])
        self.assertEqual(self.saved()["outcome"], "ok")
        reasons = {entry["state"]: entry["reason"] for entry in self.history()}
        self.assertEqual(reasons["checking"], "checking the machines")
        self.assertEqual(reasons["comparing"], "comparing the nodes")

    def test_broken_device_fails_the_cluster_until_it_is_repaired(self) -> None:
        self.machines[1].fault("link", "3", "DOWN")
        self.begin()
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        self.assertIn("npu-1 (127.0.0.2), NPU 3: link: link status: DOWN", failed["reason"])
        self.assertNotIn("loading", self.states())
        self.assertIn("failed: npu-1 (127.0.0.2), NPU 3: link: link status: DOWN", "\n".join(self.printed))
        self.assertEqual(self.saved()["outcome"], "failed")
        self.machines[1].repair()
        state.request_retry(self.config.paths.state)
        self.until("serving")

    def test_tolerated_check_only_warns(self) -> None:
        self.machines[1].fault("lldp", "*", "none")
        self.begin(tolerated=["neighbour"])
        serving = self.until("serving")
        self.assertIn("npu-1 (127.0.0.2), NPU 0: neighbour: no Ifname", "\n".join(serving["warnings"]))

    def test_preflight_cluster_prints_the_last_report(self) -> None:
        self.machines[1].fault("tls", "2", "1")
        self.begin()
        self.until("failed")
        value = support.on_loopback(self.folder)
        path = self.folder / "node.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        done = self.preflight(str(path), "--cluster")
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed: npu-1 (127.0.0.2), NPU 2: tls equality: the TLS switch is 1", done.stdout)
        done = self.preflight(str(path), "--cluster", "--json")
        self.assertEqual(json.loads(done.stdout)["outcome"], "failed")

    def test_preflight_cluster_without_a_report_says_so(self) -> None:
        path = self.folder / "node.json"
        path.write_text(json.dumps(support.on_loopback(self.folder)), encoding="utf-8")
        done = self.preflight(str(path), "--cluster")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no report in", done.stdout)

    def history(self) -> list[dict[str, Any]]:
        found = state.read(self.path)
        return list(found["history"]) if found else []

    def preflight(self, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ray_node", "preflight", "--config", path, *arguments],
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_preflight_of_one_node_pings_planned_peers(self) -> None:
        ips = [f"192.168.101.{101 + device}" for device in range(4)]
        changes = {
            "node.accelerators.planned": 4,
            "preflight.board": "a2",
            "preflight.devices": "real",
            "preflight.deviceIps": {"10.89.28.11": ips},
        }
        loaded = parse(support.changed(support.example(), changes))
        root = self.machines[0].root
        report = machine_checks.run(loaded, "npu-0", "10.89.28.10", root)
        self.assertEqual(report.failures, ())
        self.assertIn("4 of 4 counterparts", "\n".join(item.seen for item in report.findings))
        self.machines[0].fault("loss", "1", ips[1])
        (failure,) = machine_checks.run(loaded, "npu-0", "10.89.28.10", root).failures
        self.assertIn(f"100.00% packet loss to {ips[1]}", failure.seen)

    def test_preflight_of_one_node_pings_peers_of_an_earlier_rank_table(self) -> None:
        changes = {
            "node.accelerators.planned": 4,
            "preflight.board": "a2",
            "preflight.devices": "real",
            "preflight.rankTable": TABLE,
        }
        loaded = parse(support.changed(support.example(), changes))
        devices = [{"device_ip": f"192.168.101.{101 + device}"} for device in range(4)]
        table = {"server_list": [{"server_id": "10.89.28.11", "device": devices}]}
        self.machines[0].write("table.json", json.dumps(table))
        report = machine_checks.run(loaded, "npu-0", "10.89.28.10", self.machines[0].root)
        self.assertIn("4 of 4 counterparts", "\n".join(item.seen for item in report.findings))


class ClockTest(HeadCase):
    simulated = True

    skew_seconds = -600.0

    def test_clock_that_is_ten_minutes_off_fails_the_cluster(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        self.assertIn("its clock is 600 s behind the head's; set both by NTP", failed["reason"])
        self.assertNotIn("loading", self.states())


class PortHolderTest(HeadCase):
    simulated = True

    def test_port_taken_names_the_process_that_listens(self) -> None:
        loaded = parse(support.on_loopback(self.folder))
        self.assertIsNone(ray_process.port_taken(loaded, support.HEAD))
        with socket.create_server((support.HEAD, loaded.ports.gcs)):
            taken = ray_process.port_taken(loaded, support.HEAD) or ""
        self.assertIn(f"port {loaded.ports.gcs} of Ray's control store is in use on this machine by '", taken)
        self.assertIn(f"(pid {os.getpid()})", taken)

    def test_holder_outside_the_container_gets_a_hint(self) -> None:
        (port,) = support.free_ports(1)
        self.assertIn(f"ss -ltnp 'sport = :{port}'", listening.holder(port))

    def test_node_with_a_taken_port_fails_with_the_holder(self) -> None:
        from ray_node.agent.head import Head

        loaded = parse(support.on_loopback(self.folder))
        with (
            socket.create_server((support.HEAD, loaded.ports.gcs)),
            mock.patch("ray_node.agent.supervisor._PORT_SECONDS", 0.3),
        ):
            self.assertEqual(Head(loaded).life(), 1)
        found = state.read(state.path_of(loaded.paths.state, "npu-0")) or {}
        self.assertEqual(found["state"], "failed")
        self.assertIn(f"port {loaded.ports.gcs} of Ray's control store", found["reason"])
