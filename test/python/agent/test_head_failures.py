"""What makes a head fail, and what it says then."""

import json
import socket
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import support
from head_case import VERSIONS, WHOLE, FakeReader, HeadCase, seen

from ray_node.agent import state
from ray_node.agent.head import Head
from ray_node.config.load import parse
from ray_node.host import clock
from ray_node.host.versions import Versions


class HeadFailuresTest(HeadCase):
    simulated = True

    def test_missing_node_fails_the_cluster_until_it_joins(self) -> None:
        FakeReader.nodes = WHOLE[:1]
        self.start(reports=False, deadlines__membership=1)
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        self.assertRegex(
            failed["reason"], r"^not all nodes joined within 1 s: npu-1 \(127.0.0.2\): never reported"
        )
        FakeReader.nodes = WHOLE
        with mock.patch("ray_node.preflight.cluster_preflight.REPORT_WAIT_SECONDS", 0.3):
            serving = self.until("serving")
        self.assertRegex(serving["warnings"][0], "no report from npu-1")

    def test_six_of_eight_accelerators_fail_before_the_deadline(self) -> None:
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, npus=6))
        self.start(deadlines__membership=60)
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["reason"], "joined with 6 of 8 accelerators (NPU)")

    def test_engine_that_keeps_failing_spends_the_budget(self) -> None:
        FakeReader.nodes = WHOLE
        self.start(["--exit-at-once"], retries__engineStarts=2)
        failed = self.until("failed")
        self.assertEqual(failed["reason"], "the engine exited with code 7 (2 times in a row)")
        self.assertEqual(failed["lastLogLines"], ["cannot find the model"])
        self.assertEqual(failed["culprit"]["name"], "npu-0")
        self.assertEqual(self.states().count("loading"), 2)
        state.request_retry(self.config.paths.state)
        support.await_that(lambda: self.states().count("failed") == 2, self.states)
        self.assertEqual(self.states().count("loading"), 4)
        after = self.states()[self.states().index("failed") :]
        self.assertEqual(after[:3], ["failed", "retrying", "formed"])

    def test_engine_that_would_end_the_same_way_is_not_started_again(self) -> None:
        """Public reports have the words: vllm-project/vllm#13579, #26898."""
        FakeReader.nodes = WHOLE
        unknown = "ValueError: model type `x` but Transformers does not recognize this architecture."
        follows = "RuntimeError: Engine core initialization failed. See root cause above."
        self.start(["--exit-at-once", f"--last-words={unknown}", f"--last-words={follows}"])
        failed = self.until("failed")
        fix = "the engine of the image is older than the model: use a newer image"
        self.assertEqual(failed["reason"], f"the engine exited with code 7: {unknown}; {fix}")
        self.assertEqual((failed["culprit"]["name"], self.states().count("loading")), ("npu-0", 1))

    def test_error_that_ray_brings_from_another_machine_blames_that_one(self) -> None:
        FakeReader.nodes = WHOLE
        line = f"(RayWorkerWrapper pid=41, ip={support.WORKER}) ERROR 05-06 08:55:19 w.py:145] OSError: x"
        self.start(["--exit-at-once", f"--last-words={line}"], retries__engineStarts=1)
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        said = f"npu-1 ({support.WORKER}): the engine exited with code 7: OSError: x"
        self.assertEqual(failed["reason"], said)

    def test_engine_that_refuses_the_question_is_not_started_again(self) -> None:
        FakeReader.nodes = WHOLE
        Path(self.folder / "break").write_text("refuse", encoding="utf-8")
        self.start(retries__engineStarts=3)
        failed = self.until("failed")
        self.assertRegex(
            failed["reason"], r"HTTP 400: the tokenizer has no chat template\. Set the engine's proof"
        )
        self.assertEqual(failed["culprit"]["name"], "npu-0")
        self.assertEqual(self.states().count("loading"), 1)

    def test_engine_that_refuses_one_question_is_proven_by_the_next(self) -> None:
        FakeReader.nodes = WHOLE
        Path(self.folder / "break").write_text("refuse", encoding="utf-8")
        plain: dict[str, object] = {
            "kind": "completion",
            "path": "/v1/completions",
            "body": {},
            "expect": None,
        }
        chat = support.example()["engine"]["api"]["proof"][0]
        self.start(engine__api__proof=[chat, plain])
        serving = self.until("serving")
        self.assertEqual(serving["completion"]["text"], "plain text")
        self.assertRegex(serving["warnings"][0], "HTTP 400: .*; a request of kind 'completion' proves it")

    def test_engine_that_dies_is_started_again(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        first = self.until("serving")
        (self.folder / "break").write_text("exit", encoding="utf-8")
        self.passes("degraded")
        (self.folder / "break").unlink()
        self.until("serving", after=(clock.epoch(first["since"]) or 0) + 0.001)

    def test_engine_failure_explained_by_a_lost_member_is_not_counted(self) -> None:
        FakeReader.nodes = WHOLE
        self.start(["--exit-at-once"], retries__engineStarts=1, deadlines__hold=1)
        self.passes("degraded")
        self.until("formed")
        FakeReader.nodes = WHOLE[:1]
        self.until("joined")
        FakeReader.nodes = WHOLE
        self.until("failed")
        self.assertEqual(self.states().count("loading"), 2)

    def test_retry_request_during_an_attempt_is_answered_by_it(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        state.request_retry(self.config.paths.state)
        self.until("serving")
        self.assertFalse(state.take_retry_request(self.config.paths.state))

    def test_different_versions_fail_in_preflight(self) -> None:
        self.reported = replace(self.reported, versions=Versions("2.58.0", "3.11.9"))
        FakeReader.nodes = WHOLE
        self.start()
        failed = self.until("failed")
        self.assertEqual(failed["reason"], "npu-1 (127.0.0.2): Python 3.11.9 here, 3.11.2 on the head")

    def test_engine_port_in_use_fails_the_cluster(self) -> None:
        FakeReader.nodes = WHOLE
        with mock.patch("ray_node.agent.workload_steps._ENGINE_PORT_SECONDS", 0.3), socket.socket() as other:
            other.bind((support.HEAD, 0))
            other.listen()
            self.start(engine__api__port=other.getsockname()[1])
            self.assertRegex(self.until("failed")["reason"], "the engine's port [0-9]+ is in use")

    def test_planned_address_that_is_not_local_fails_the_node(self) -> None:
        self.start(node__address="127.1.2.3", head__address="127.1.2.3", subnet="127.0.0.0/8", reports=False)
        support.join(self.thread)
        self.assertEqual(self.code, [1])
        failed = state.read(self.path) or {}
        self.assertEqual(failed["state"], "failed")
        self.assertRegex(failed["reason"], "^address 127.1.2.3 is not on this machine; local .*127.0.0.1")

    def test_token_with_an_older_ray_fails_the_node(self) -> None:
        with mock.patch("ray_node.host.versions.installed", return_value=replace(VERSIONS, ray="2.47.1")):
            self.start(reports=False)
            support.join(self.thread)
        self.assertEqual(self.code, [1])
        self.assertRegex(
            (state.read(self.path) or {})["reason"], "token authentication, which Ray 2.47.1 does not"
        )

    def test_image_without_ray_fails_the_node(self) -> None:
        with mock.patch("ray_node.host.versions.installed", return_value=None):
            self.start(reports=False)
            support.join(self.thread)
        self.assertRegex((state.read(self.path) or {})["reason"], "^Ray is not installed")

    def test_internal_error_ends_the_node_with_a_reason(self) -> None:
        with mock.patch.object(Head, "look", side_effect=ZeroDivisionError("x")):
            self.start(reports=False)
            support.join(self.thread)
        self.assertEqual(self.code, [1])
        self.assertRegex((state.read(self.path) or {})["reason"], "internal error: ZeroDivisionError")


class RayEndsTest(unittest.TestCase):
    """`ray start` of the node ends."""

    def test_end_of_ray_ends_the_node_with_rays_last_lines(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = parse(support.on_loopback(folder))
            script = "echo 'ConnectionError: something'; exit 1"
            with (
                mock.patch("ray_node.cluster.ray_process.argv", return_value=["sh", "-c", script]),
                mock.patch("ray_node.host.versions.installed", return_value=VERSIONS),
                mock.patch("ray_node.agent.supervisor.FAILED_PAUSE_SECONDS", 0.1),
                mock.patch("ray_node.agent.cluster_view.MembershipReader", FakeReader),
                mock.patch("ray_node.host.log.line"),
            ):
                self.assertEqual(Head(settings).life(), 1)
            found = state.read(state.path_of(settings.paths.state, "npu-0"))
            assert found is not None
            self.assertEqual(
                (found["state"], found["reason"]), ("failed", "Ray on this node exited with code 1")
            )
            self.assertEqual(found["lastLogLines"], ["ConnectionError: something"])
            self.assertEqual(json.loads(json.dumps(found)), found)


if __name__ == "__main__":
    unittest.main()
