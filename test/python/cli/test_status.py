import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.agent import state
from ray_node.cli import status
from ray_node.config.schema import NodeConfig
from ray_node.host import clock

NOW = 1795259262.0
NOT_DONE = (
    *("starting", "joined", "formed", "checking", "staging", "comparing", "loading"),
    *("degraded", "failed", "retrying"),
)


def found(role: str, node_state: str, age: float = 1.0, **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "node": "npu-0",
        "cluster": "local-2x8",
        "role": role,
        "address": "10.89.28.10",
        "state": node_state,
        "since": clock.stamp(NOW - 75),
        "heartbeat": clock.stamp(NOW - age),
        **more,
    }


class HealthTest(unittest.TestCase):
    def test_health_by_role_and_state(self) -> None:
        """The head by what the cluster does, a worker by being a member."""
        cases: list[tuple[dict[str, Any], str | None]] = [
            *[
                (found("head", done), None)
                for done in ("serving", "running", "succeeded", "ready", state.WAITING)
            ],
            (found("head", "serving", age=14.0), None),
            (found("head", "serving", age=16.0), "the last heartbeat was 16 s ago"),
            (found("head", "serving", heartbeat=None), "no heartbeat"),
            *[(found("head", other, member=True), f"the head is {other}") for other in NOT_DONE],
            *[(found("worker", shown, member=True), None) for shown in (*NOT_DONE, *state.DONE)],
            (found("worker", "starting", member=False), "the node is not a member of the cluster"),
            (found("worker", "serving", member=False), "the node is not a member of the cluster"),
            (found("worker", "serving", member=True, age=400.0), "the last heartbeat was 6 min 40 s ago"),
        ]
        for value, wanted in cases:
            with self.subTest(value=value):
                self.assertEqual(status.unhealthy_because(value, NOW), wanted)


class StatusTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_status(self, as_json: bool = False, **changes: Any) -> tuple[int, str]:
        config: NodeConfig = support.parsed({"paths.state": self.folder, **changes})
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = status.run(config, as_json)
        return code, output.getvalue()

    def write(self, value: dict[str, Any]) -> None:
        (Path(self.folder) / "npu-0.json").write_text(json.dumps(value), encoding="utf-8")

    def test_status_without_a_state_file_is_unhealthy(self) -> None:
        code, text = self.run_status()
        self.assertEqual(code, 1)
        self.assertIn("npu-0.json: the node program has not started here", text)

    def test_workload_and_its_rollout_are_shown_by_number(self) -> None:
        following = {"number": "b" * 12, "since": "now", "holder": "ann", "phase": "staging"}
        verdict = {"verdict": "failed", "text": "workload cccccccccccc has failed: why"}
        value = {**found("head", "serving"), "heartbeat": clock.stamp(), "workload": "a" * 12}
        for rollout, shown in (
            ({"next": following, "what": "staging next", "verdict": verdict}, "staging next, since now"),
            ({"next": None, "what": None, "verdict": verdict}, "workload cccccccccccc has failed: why"),
        ):
            with self.subTest(shown=shown):
                self.write({**value, "rollout": rollout})
                text = self.run_status()[1]
                self.assertIn("  workload   aaaaaaaaaaaa", text)
                self.assertIn(f"  rollout    {'bbbbbbbbbbbb, ' if rollout['next'] else ''}{shown}", text)

    def test_exit_code_is_the_health(self) -> None:
        self.write({**found("head", "serving"), "heartbeat": clock.stamp()})
        self.assertEqual(self.run_status()[0], 0)
        self.write({**found("head", "degraded"), "heartbeat": clock.stamp()})
        self.assertEqual(self.run_status()[0], 1)

    def test_json_holds_state_and_health(self) -> None:
        self.write({**found("head", "failed"), "heartbeat": clock.stamp()})
        code, text = self.run_status(as_json=True)
        value = json.loads(text)
        self.assertEqual(code, 1)
        self.assertEqual((value["healthy"], value["unhealthyBecause"]), (False, "the head is failed"))
        self.assertEqual(value["node"], "npu-0")

    def test_node_without_a_name_is_found_by_its_address(self) -> None:
        config = support.parsed(
            {"node.name": None, "node.address": None, "subnet": "127.0.0.0/8"}
            | {
                "head.address": "127.0.0.1",
                "pools.0.addresses": None,
                "node.role": "worker",
            }
        )
        self.assertEqual(status.node_name(config), "npu-127.0.0.1")

    def test_text_shows_what_is_set(self) -> None:
        value = found(
            "head",
            "degraded",
            reason="npu-1 (10.89.28.11): left the cluster",
            culprit={"name": "npu-1", "address": "10.89.28.11", "reason": "left the cluster"},
            waitingFor={"what": "waiting for npu-1", "deadline": "later"},
            versions={"ray": "2.58.0", "python": "3.11.2"},
            authentication="none",
            warnings=["no authentication"],
            job={"exitCode": 3, "startedAt": "then", "endedAt": "later", "seconds": 61.5},
            follower={"rank": 1, "attempt": 2, "state": "ended", "reason": "exited with code 1"},
            members=[
                {
                    "name": "npu-1",
                    "address": None,
                    "accelerators": 0,
                    "planned": 8,
                    "verdict": "left the cluster",
                }
            ],
            lastLogLines=["Traceback"],
        )
        text = "\n".join(status.lines(value, NOW, "the head is degraded"))
        for part in (
            "npu-0 (10.89.28.10), head of 'local-2x8': degraded for 1 min 15 s",
            "unhealthy  the head is degraded",
            "culprit    npu-1 (10.89.28.11): left the cluster",
            "progress   waiting for npu-1 (until later)",
            "versions   Ray 2.58.0, Python 3.11.2, no authentication",
            "warning    no authentication",
            "job        exit code 3 after 61.5 s, at later",
            "follower   rank 1, exited with code 1",
            "  npu-1  -        0 of 8        left the cluster",
            "  | Traceback",
        ):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
