import json
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import support
from simulated_clock import ManualClock

from ray_node.agent import state
from ray_node.cli import wait
from ray_node.config.engine_config import ProofRequest
from ray_node.engine.api import EngineClient
from ray_node.engine.proof import NotProven, Proven
from ray_node.host import clock

START = 1795259262.0
MEMBERS = [
    {
        "name": "npu-0",
        "address": "10.89.28.10",
        "accelerators": 8,
        "planned": 8,
        "verdict": "member with 8 NPU",
    },
    {"name": "npu-1", "address": "10.89.28.11", "accelerators": 0, "planned": 8, "verdict": "never reported"},
]


class WaitTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.time = ManualClock(self, START)
        self.time.passed = self.play
        self.printed: list[str] = []
        #: From which second on the head's state file says what.
        self.script: list[tuple[float, dict[str, Any] | None]] = []
        #: From which second on the engine answers.
        self.answers_after = 0.0
        for name, stand_in in (
            ("host.log.line", self.printed.append),
            ("engine.proof.prove", self.complete),
        ):
            patch = mock.patch(f"ray_node.{name}", stand_in)
            patch.start()
            self.addCleanup(patch.stop)

    def complete(
        self, client: EngineClient, requests: Sequence[ProofRequest], timeout_seconds: float
    ) -> Proven:
        self.assertEqual(client.base + requests[0].path, "http://10.89.28.10:8000/v1/chat/completions")
        self.assertGreater(timeout_seconds, 0)
        if self.time.now < START + self.answers_after:
            raise NotProven("HTTP 503: rank 8 on npu-1 does not answer")
        return Proven(f"here are {requests[0].expect}", "chat")

    def say(self, after: float, node_state: str, **more: Any) -> None:
        self.script.append((after, {"schema": 1, "state": node_state, **more}))

    def wait(self, changes: dict[str, Any] | None = None) -> int:
        deadlines = {"deadlines.serving": 660, "deadlines.head": 120}
        config = support.parsed({"paths.state": self.folder, **deadlines, **(changes or {})})
        self.play()
        return wait.run(config)

    def play(self) -> None:
        """Write what the head says now; every second with a fresh heartbeat unless the script has one."""
        current = [value for after, value in self.script if START + after <= self.time.now]
        if current and current[-1] is not None and self.time.now.is_integer():
            value = {"heartbeat": clock.stamp(self.time.now), "since": clock.stamp(START + 1), **current[-1]}
            (Path(self.folder) / "npu-0.json").write_text(json.dumps(value), encoding="utf-8")

    @property
    def text(self) -> str:
        return "\n".join(self.printed)

    def test_wait_for_serving_ends_with_nodes_and_completion(self) -> None:
        self.say(0, "starting")
        self.say(3, "joined", waitingFor={"what": "waiting for npu-1 (10.89.28.11): port closed"})
        self.say(
            12,
            "serving",
            members=MEMBERS[:1],
            endpoint="http://10.89.28.10:8000",
            warnings=["no authentication"],
        )
        self.assertEqual(self.wait(), 0)
        self.assertIn("[   3 s of 660 s] joined: waiting for npu-1 (10.89.28.11): port closed", self.text)
        self.assertIn("is serving after 12 s", self.text)
        self.assertIn("npu-0  10.89.28.10  8 of 8        member with 8 NPU", self.text)
        self.assertIn("completion: here are 16 of 16 ranks", self.text)
        self.assertIn("warning: no authentication", self.text)

    def test_wait_ends_by_kind_of_engine(self) -> None:
        """By kind of engine: the state that ends the wait, and what it says then."""
        job = {"exitCode": None, "startedAt": "then", "endedAt": None, "seconds": None}
        ended = {**job, "exitCode": 0, "endedAt": "later"}
        cases: list[tuple[str, str, dict[str, Any], str, str]] = [
            ("job", "running", {"job": job}, "is running its job", "job: emulated, started at then\n"),
            (
                *("job", "succeeded", {"job": ended}, "has finished its job"),
                "job: emulated, started at then, ended at later with code 0\n",
            ),
            ("none", "ready", {"job": None}, "is ready", ""),
        ]
        for kind, found, more, wanted, detail in cases:
            with self.subTest(state=found):
                self.time.now, self.script, self.printed[:] = START, [], []
                self.say(0, "loading")
                self.say(6, found, members=MEMBERS[:1], **more)
                argv = [] if kind == "none" else ["run"]
                changes = {"engine.kind": kind, "engine.api": None, "engine.argv": argv}
                self.assertEqual(self.wait(changes), 0)
                self.assertEqual(self.time.now, START + 6)
                self.assertIn(f"cluster 'local-2x8' {wanted} after 6 s\n", self.text)
                self.assertIn(detail, f"{self.text}\n")
                self.assertNotIn("completion", self.text)

    def test_deadline_message_names_the_kind_of_engine(self) -> None:
        for kind, wanted in (("job", "not running its job"), ("none", "not ready")):
            with self.subTest(kind=kind):
                self.time.now, self.script = START, []
                self.say(0, "degraded", reason="npu-1 left", culprit=None)
                argv = [] if kind == "none" else ["run"]
                changes = {"engine.kind": kind, "engine.api": None, "engine.argv": argv}
                self.assertEqual(self.wait({**changes, "deadlines.serving": 60}), 1)
                self.assertIn(
                    f"cluster 'local-2x8' is {wanted}: the deadline of 60 s has passed", self.printed[-1]
                )

    def test_progress_has_a_line_for_every_change_and_every_ten_seconds(self) -> None:
        self.say(0, "joined", waitingFor={"what": "waiting for npu-1"})
        self.say(35, "formed", reason="2 of 2")
        self.say(36, "serving")
        self.wait()
        times = [line[:7] for line in self.printed if line.startswith("[")]
        self.assertEqual(times, ["[   0 s", "[  10 s", "[  20 s", "[  30 s", "[  35 s"])

    def test_failure_is_printed_as_one_block(self) -> None:
        self.say(0, "joined")
        self.say(
            9,
            "failed",
            since=clock.stamp(START + 9),
            reason="not all nodes joined within 180 s: npu-1 (10.89.28.11): never reported",
            culprit={"name": "npu-1", "address": "10.89.28.11", "reason": "never reported"},
            members=MEMBERS,
            lastLogLines=["line 1", "line 2"],
        )
        self.assertEqual(self.wait(), 1)
        self.assertEqual(self.time.now, START + 9)
        self.assertEqual(
            self.printed[-1],
            "cluster 'local-2x8' is not serving: not all nodes joined within 180 s: "
            "npu-1 (10.89.28.11): never reported\n"
            "  culprit: npu-1 (10.89.28.11)\n"
            "  reason: never reported\n"
            "  state of the head: failed\n"
            "  NODE   ADDRESS      ACCELERATORS  VERDICT\n"
            "  npu-0  10.89.28.10  8 of 8        member with 8 NPU\n"
            "  npu-1  10.89.28.11  0 of 8        never reported\n"
            "  last log lines:\n"
            "    line 1\n"
            "    line 2",
        )

    def test_wait_requests_a_retry_of_a_failed_head(self) -> None:
        self.say(0, "failed", since=clock.stamp(START - 500), reason="old")
        self.say(2, "joined")
        self.say(5, "serving")
        self.assertEqual(self.wait(), 0)
        self.assertTrue(state.take_retry_request(self.folder))

    def test_head_that_ignores_the_retry_request_fails_the_wait(self) -> None:
        self.say(0, "failed", since=clock.stamp(START - 500), reason="old")
        self.assertEqual(self.wait(), 1)
        self.assertEqual(self.time.now, START + 20)

    def test_state_file_of_an_earlier_run_is_not_believed(self) -> None:
        self.say(0, "serving", heartbeat=clock.stamp(START - 1))
        self.say(4, "starting")
        self.say(8, "serving")
        self.assertEqual(self.wait(), 0)
        self.assertEqual(self.time.now, START + 8)

    def test_wait_without_a_head_fails_at_its_deadline(self) -> None:
        self.assertEqual(self.wait(), 1)
        self.assertAlmostEqual(self.time.now, START + 120, delta=1)
        self.assertIn("waiting for the head npu-0 (10.89.28.10) to start", self.printed[0])
        self.assertIn("no heartbeat from the head npu-0 (10.89.28.10) for 120 s", self.printed[-1])
        self.assertIn("culprit: npu-0 (10.89.28.10)", self.printed[-1])

    def test_head_that_falls_silent_fails_the_wait(self) -> None:
        self.say(0, "loading")
        self.say(10, "loading", heartbeat=clock.stamp(START + 10))
        self.assertEqual(self.wait(), 1)
        self.assertAlmostEqual(self.time.now, START + 130, delta=1)
        self.assertIn(
            "no heartbeat from the head npu-0 (10.89.28.10); its last state was 'loading'", self.text
        )

    def test_wait_fails_at_the_serving_deadline(self) -> None:
        waiting = {"what": "waiting for the engine"}
        self.say(0, "loading", reason="starting the engine", waitingFor=waiting, culprit=None)
        self.assertEqual(self.wait({"deadlines.serving": 60}), 1)
        self.assertEqual(self.time.now, START + 60)
        block = self.printed[-1]
        self.assertIn("cluster 'local-2x8' is not serving: the deadline of 60 s has passed", block)
        self.assertIn("in progress: waiting for the engine", block)

    def test_serving_without_an_own_completion_is_not_believed(self) -> None:
        self.say(0, "serving", reason="a completion came back")
        self.say(5, "degraded", reason="npu-1 has restarted")
        self.say(9, "serving")
        self.answers_after = 8
        self.assertEqual(self.wait(), 0)
        self.assertEqual(self.time.now, START + 9)
        self.assertIn("serving: HTTP 503: rank 8 on npu-1 does not answer", self.text)

    def test_missing_completion_fails_the_wait_at_the_deadline(self) -> None:
        self.say(0, "serving", reason="a completion came back")
        self.answers_after = 1000
        self.assertEqual(self.wait({"deadlines.serving": 60}), 1)
        self.assertEqual(self.time.now, START + 60)
        self.assertIn("reason: HTTP 503: rank 8 on npu-1 does not answer", self.printed[-1])

    def test_degraded_cluster_is_waited_for(self) -> None:
        self.say(0, "degraded", reason="npu-1 left")
        self.say(100, "serving")
        self.assertEqual(self.wait(), 0)

    def test_wait_starts_without_a_state_folder(self) -> None:
        self.folder = str(Path(self.folder) / "not" / "yet")
        self.assertEqual(self.wait(), 1)


if __name__ == "__main__":
    unittest.main()
