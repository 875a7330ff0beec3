"""The command line, as a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import support


class MainTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_node(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ray_node", *arguments],
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime"), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def write(self, value: object) -> str:
        path = self.folder / "node.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        return str(path)

    def test_help_names_every_command(self) -> None:
        done = self.run_node("--help")
        self.assertEqual(done.returncode, 0)
        for command in ("start", "status", "wait", "stop", "preflight", "run", "collect", "connect"):
            self.assertIn(command, done.stdout)
            self.assertEqual(self.run_node(command, "--help").returncode, 0)

    def test_main_without_a_command_is_a_usage_error(self) -> None:
        self.assertEqual(self.run_node().returncode, 2)

    def test_bad_configuration_is_printed_with_every_problem(self) -> None:
        path = self.write(support.changed(support.example(), {"cluster": 1, "ports.gcs": "0"}))
        done = self.run_node("start", "--config", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("node.json: 2 problems", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_workload_that_cannot_be_used_is_printed_and_not_delivered(self) -> None:
        value = support.on_loopback(self.folder)
        file = self.folder / "workload.json"
        file.write_text(json.dumps({**support.workload_file(value), "cluster": "other", "retries": 3}))
        for node, problem in (
            (support.node_life(value), "cluster: must be 'local-2x8', the cluster of this node, got 'other'"),
            (value, "schema: must be 2 for a workload of its own, got 1"),
        ):
            with self.subTest(problem=problem):
                config = self.write(node)
                done = self.run_node("wait", "--config", config, "--workload", str(file))
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(problem, done.stderr)
                self.assertFalse((self.folder / "state").exists())

    def test_configuration_path_comes_from_option_or_environment(self) -> None:
        path = self.write(support.on_loopback(self.folder))
        for arguments, environment in ((("--config", path), {}), ((), {"RAY_NODE_CONFIG": path})):
            with self.subTest(arguments=arguments):
                done = self.run_node("status", *arguments, **environment)
                self.assertEqual(done.returncode, 1)
                self.assertIn("has not started here", done.stdout)
        self.assertIn("/etc/ray-cluster/node.json", self.run_node("status", RAY_NODE_CONFIG="").stderr)

    def test_preflight_prints_checks(self) -> None:
        path = self.write(support.on_loopback(self.folder))
        done = self.run_node("preflight", "--json", "--config", path)
        checks = {check["name"]: check for check in json.loads(done.stdout)}
        self.assertEqual(list(checks)[:2] + list(checks)[-2:], ["address", "accelerators", "token", "clock"])
        self.assertEqual(checks["address"]["outcome"], "ok")
        self.assertEqual(done.returncode, int(any(item["outcome"] == "failed" for item in checks.values())))
        self.assertIn("127.0.0.1 on lo", self.run_node("preflight", "--config", path).stdout)

    def test_preflight_fails_for_an_open_token_file(self) -> None:
        token = self.folder / "ray-token"
        token.write_text("ab" * 32, encoding="ascii")
        token.chmod(0o644)
        path = self.write(support.on_loopback(self.folder))
        done = self.run_node("preflight", "--json", "--config", path)
        found = next(check for check in json.loads(done.stdout) if check["name"] == "token")
        self.assertEqual(found["outcome"], "failed")
        self.assertIn("has mode 0644", found["detail"])
        self.assertNotIn("ab" * 32, done.stdout)

    def test_preflight_fails_for_missing_accelerators(self) -> None:
        value = support.on_loopback(self.folder, node__accelerators__deviceGlob="/no/davinci*")
        done = self.run_node("preflight", "--config", self.write(value))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "failed +accelerators +0 of 8 NPU")

    def test_stop_without_a_node(self) -> None:
        done = self.run_node("stop", "--config", self.write(support.on_loopback(self.folder)))
        self.assertEqual((done.returncode, done.stdout), (0, "the node program is not running here\n"))

    def test_stop_leaves_other_programs_alone(self) -> None:
        value = support.on_loopback(self.folder)
        (self.folder / "state").mkdir()
        bystander = subprocess.Popen(["sleep", "60"])
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        (self.folder / "state" / "npu-0.json").write_text(
            json.dumps({"schema": 1, "pid": bystander.pid}), encoding="utf-8"
        )
        self.assertEqual(self.run_node("stop", "--config", self.write(value)).returncode, 0)
        self.assertIsNone(bystander.poll())

    def test_status_starts_fast_because_it_does_not_import_ray_or_http(self) -> None:
        path = self.write(support.on_loopback(self.folder))
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "ray_node", "status", "--config", path],
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")},
            capture_output=True,
            text=True,
            check=False,
        )
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        self.assertIn("ray_node.cli.status", imported)
        self.assertFalse(imported & {"ray", "http.server", "urllib.request", "importlib.metadata"})


if __name__ == "__main__":
    unittest.main()
