"""Programs of the owner, with the variables of the node."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.agent.rollout import Rollout
from ray_node.agent.workload_folder import WorkloadFolder

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
WORKLOAD = support.ROOT / "test" / "fixtures" / "workload.json"


class RunTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.value = support.on_loopback(self.folder)
        self.value["paths"]["state"] = str(self.folder / "state")
        self.value["environment"] = {
            "cluster": {"NCCL_DEBUG": "WARN", "LD_LIBRARY_PATH": "/declared"},
            "node": {"HCCL_IF_IP": "address", "GLOO_SOCKET_IFNAME": "interface"},
            "shellFiles": [],
            "own": {"RANK": "0"},
            "driver": {"LMDEPLOY_EXECUTOR_BACKEND": "ray"},
        }

    def run_on_node(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "node.json"
        path.write_text(json.dumps(self.value), encoding="utf-8")
        runtime = str(support.ROOT / "lib" / "runtime")
        return subprocess.run(
            [sys.executable, "-m", "ray_node", "run", "--config", str(path), *argv],
            env={**os.environ, "PYTHONPATH": runtime, **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def seen(self, **environment: str) -> dict[str, str]:
        done = self.run_on_node("--", sys.executable, "-c", SHOW, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def test_program_sees_the_variables_of_every_scope_and_how_to_reach_ray(self) -> None:
        seen = self.seen(LD_LIBRARY_PATH="/image", RAY_ADDRESS="elsewhere:1")
        wanted: dict[str, Any] = {
            "NCCL_DEBUG": "WARN",
            "HCCL_IF_IP": support.HEAD,
            "GLOO_SOCKET_IFNAME": "lo",
            "RANK": "0",
            "LMDEPLOY_EXECUTOR_BACKEND": "ray",
            "LD_LIBRARY_PATH": "/declared:/image",
            "RAY_ADDRESS": f"{support.HEAD}:{self.value['ports']['gcs']}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": self.value["paths"]["token"],
        }
        self.assertEqual({name: seen.get(name) for name in wanted}, wanted)

    def test_token_itself_is_never_a_variable(self) -> None:
        self.assertNotIn("RAY_AUTH_TOKEN", self.seen(RAY_AUTH_TOKEN="s3cr3t"))

    def test_variables_that_the_engine_must_not_see_are_withheld(self) -> None:
        self.value["engine"]["withheld"] = ["HCCL_IF_IP"]
        self.assertNotIn("HCCL_IF_IP", self.seen())

    def test_driver_variables_are_those_of_the_workload_that_was_accepted(self) -> None:
        content = json.loads(WORKLOAD.read_text(encoding="utf-8"))
        content["cluster"] = self.value["cluster"]
        content["environment"]["driver"] = {"LMDEPLOY_EXECUTOR_BACKEND": "mp"}
        folder = WorkloadFolder(self.value["paths"]["state"], self.value["cluster"])
        with folder.lock():
            number = folder.put_workload(json.dumps(content).encode())
            folder.put_rollout(Rollout(current=number))
        self.assertEqual(self.seen()["LMDEPLOY_EXECUTOR_BACKEND"], "mp")

    def test_unreadable_rollout_leaves_what_node_json_says(self) -> None:
        folder = Path(self.value["paths"]["state"]) / "workloads"
        folder.mkdir(parents=True)
        (folder / "rollout.json").write_text("{", encoding="utf-8")
        self.assertEqual(self.seen()["LMDEPLOY_EXECUTOR_BACKEND"], "ray")

    def test_exit_code_and_arguments_are_those_of_the_program(self) -> None:
        done = self.run_on_node("--", "sh", "-c", 'echo "$1"; exit 7', "sh", "--json")
        self.assertEqual((done.returncode, done.stdout), (7, "--json\n"))

    def test_program_that_is_not_there_is_named(self) -> None:
        done = self.run_on_node("--", "no-such-program")
        self.assertEqual(done.returncode, 127)
        self.assertEqual(done.stderr, "no-such-program: no such program in this container\n")

    def test_file_that_is_no_program_is_named_with_the_reason(self) -> None:
        done = self.run_on_node("--", str(self.folder / "node.json"))
        self.assertEqual(done.returncode, 126)
        self.assertIn("node.json: Permission denied", done.stderr)

    def test_without_a_program_it_is_a_usage_error(self) -> None:
        self.assertEqual(self.run_on_node().returncode, 2)

    def test_address_that_is_not_on_this_machine_is_the_reason(self) -> None:
        self.value["node"]["address"] = "203.0.113.7"
        done = self.run_on_node("--", "true")
        self.assertEqual(done.returncode, 1)
        self.assertIn("address 203.0.113.7 is not on this machine", done.stderr)


if __name__ == "__main__":
    unittest.main()
