"""A worker's way into the cluster, and what it says when there is none."""

import socket
import unittest
from unittest import mock

import support
from worker_case import WorkerCase

from ray_node.agent import state
from ray_node.channel.tasks import Task, TaskResult
from ray_node.cluster import token
from ray_node.host import clock, probe
from ray_node.host.versions import Versions


class WorkerTest(WorkerCase):
    simulated = True

    def test_worker_joins_mirrors_the_head_and_stops(self) -> None:
        self.play_head()
        self.start()
        joined = self.shows(lambda found: found.get("member") is True)
        self.assertEqual(joined["session"], "s1")
        self.assertEqual(joined["accelerators"], {"found": 6, "planned": 8, "resource": "NPU"})
        self.assertIn("6 accelerators found, 8 planned", joined["warnings"])
        for mirrored in ("formed", *state.DONE, "degraded", "failed"):
            self.head_state = mirrored
            found = self.shows(lambda found, wanted=mirrored: found["state"] == wanted)  # type: ignore[misc]
            self.assertEqual((found["reason"], found["member"]), ("head: why", True))
        # The head has failed, this node has not: that is what it reports.
        support.await_that(
            lambda: self.book.heard()[support.WORKER].report.state == "joined", lambda: self.book.heard()
        )
        self.assertEqual(self.book.heard()[support.WORKER].report.accelerators_found, 6)
        self.end()
        self.assertEqual(self.code, [143])
        self.assertFalse((state.read(self.path) or {})["member"])

    def test_task_of_the_head_is_reported_until_the_head_has_its_result(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)

        def result() -> TaskResult | None:
            return self.book.heard()[support.WORKER].report.result

        self.task = Task("t1", "no such task", {})
        support.await_that(lambda: result() is not None, self.book.heard)
        found = result()
        assert found is not None
        self.assertEqual((found.id, found.error), ("t1", "this node program has no task 'no such task'"))
        self.task = None
        support.await_that(lambda: result() is None, self.book.heard)

    def test_worker_shows_that_it_waits_for_token_and_head(self) -> None:
        self.start()
        self.shows(lambda found: "token of the head" in str(found.get("waitingFor")))
        token.ensure(self.config.paths.token)
        waits = f"waiting for the head npu-0 (127.0.0.1), port {self.config.ports.gcs}: port closed"
        self.shows(lambda found: waits in str(found.get("waitingFor")))
        self.play_head()
        self.shows(lambda found: found.get("member") is True)

    def test_worker_reports_that_the_heads_port_is_closed(self) -> None:
        """Its report port answers, Ray's does not: a firewall, or a Ray that has not started."""
        self.play_head()
        self.gcs.close()
        self.start()
        support.await_that(
            lambda: "port closed" in str([item.report.reason for item in self.book.heard().values()]),
            self.book.heard,
        )

    def test_worker_without_a_token_fails_at_the_deadline(self) -> None:
        self.config = self.with_deadline(head=0.5)
        self.start()
        found = self.ended()
        self.assertRegex(found["reason"], "no token at .* after 0 s")
        self.assertEqual(found["culprit"]["name"], "npu-0")

    def test_worker_without_a_head_fails_at_the_deadline(self) -> None:
        token.ensure(self.config.paths.token)
        self.config = self.with_deadline(head=0.5)
        self.start()
        found = self.ended()
        self.assertRegex(
            found["reason"], r"the head npu-0 \(127.0.0.1\) did not open Ray's port .*: port closed"
        )

    def test_worker_whose_head_is_silent_says_that_a_firewall_may_be_why(self) -> None:
        token.ensure(self.config.paths.token)
        self.config = self.with_deadline(head=0.5)
        with mock.patch("ray_node.host.probe.tcp", return_value=probe.NO_ANSWER):
            self.start()
            found = self.ended()
        self.assertRegex(
            found["reason"], "within .* s: no answer, it is down or a firewall drops what comes to this port$"
        )

    def test_worker_with_a_wrong_token_fails_before_ray_starts(self) -> None:
        token.ensure(self.config.paths.token)
        self.play_head("cd" * 32)
        self.start()
        found = self.ended()
        self.assertEqual((found["state"], found["reason"][:11]), ("failed", "wrong token"))
        self.assertIsNone(self.worker.ray)
        self.assertEqual(list(self.book.rejected()), [support.WORKER])

    def test_worker_of_another_version_fails_before_ray_starts_and_reports_it(self) -> None:
        self.head_versions = Versions("2.58.0", "3.12.1")
        self.play_head()
        self.start()
        found = self.ended()
        self.assertEqual(found["reason"], "version mismatch: Python 3.11.2 here, 3.12.1 on the head")
        self.assertIsNone(self.worker.ray)
        heard = self.book.heard()[support.WORKER]
        self.assertEqual((heard.report.state, heard.failure), ("failed", found["reason"]))

    def test_worker_with_an_incomplete_image_reports_it(self) -> None:
        requires = {"programs": [], "pythonModules": ["no_such_engine"], "paths": []}
        self.configure(engine__requires=requires)
        self.play_head()
        self.start()
        found = self.ended()
        lacks = "this node's image lacks what the engine 'emulated' needs: Python module 'no_such_engine'"
        self.assertEqual(found["reason"], lacks)
        self.assertIsNone(self.worker.ray)
        self.assertEqual(self.book.heard()[support.WORKER].failure, lacks)

    def test_worker_with_a_ray_without_tokens_reports_it(self) -> None:
        self.play_head()
        with mock.patch("ray_node.host.versions.installed", return_value=Versions("2.47.1", "3.11.2")):
            self.start()
            self.ended()
        self.assertRegex(self.book.heard()[support.WORKER].failure or "", "which Ray 2.47.1 does not support")

    def test_worker_restarts_for_a_new_session_of_the_head(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.session = "s2"
        found = self.ended()
        self.assertEqual(found["state"], "starting")
        self.assertEqual(
            found["reason"], "restarting: the head has restarted, this node joins its new session"
        )
        self.assertFalse(found["member"])

    def test_worker_that_ray_no_longer_lists_restarts(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.alive = False
        self.shows(lambda found: found.get("member") is False)
        self.assertRegex(self.ended()["reason"], "restarting: Ray on the head has not listed this node")

    def test_worker_survives_a_short_absence_from_the_node_table(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        with mock.patch("ray_node.agent.worker._ABSENT_SECONDS", 60):
            self.alive = False
            self.shows(lambda found: found.get("member") is False)
            self.alive = True
            self.shows(lambda found: found.get("member") is True)

    def test_worker_names_a_head_that_falls_silent(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.server.close()
        found = self.shows(lambda found: "does not answer reports" in str(found.get("reason")))
        self.assertEqual(found["culprit"]["name"], "npu-0")

    def test_worker_restarts_when_ray_ends_after_joining(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        assert self.worker.ray is not None
        self.worker.ray.stop(0)
        found = self.ended()
        self.assertEqual(found["reason"], "restarting: Ray on this node was killed by SIGTERM")

    def test_worker_that_ray_refuses_fails_with_the_cause(self) -> None:
        """The report channel is closed, so only Ray's own words are there."""
        token.ensure(self.config.paths.token)
        self.gcs = socket.create_server((support.HEAD, self.config.ports.gcs))
        self.addCleanup(self.gcs.close)
        script = "echo 'ray.exceptions.AuthenticationError: invalid'; exit 1"
        with mock.patch("ray_node.cluster.ray_process.argv", return_value=["sh", "-c", script]):
            self.start()
            found = self.ended()
        self.assertEqual(found["state"], "failed")
        self.assertIn("exited with code 1: wrong token", found["reason"])

    def test_worker_restarts_at_once_after_a_slow_ray_start(self) -> None:
        """It is no verdict on the node: the head goes on waiting as long as the plan says."""
        token.ensure(self.config.paths.token)
        self.gcs = socket.create_server((support.HEAD, self.config.ports.gcs))
        self.addCleanup(self.gcs.close)
        script = "echo 'Exception: The current node timed out during startup. This could happen'; exit 1"
        with mock.patch("ray_node.cluster.ray_process.argv", return_value=["sh", "-c", script]):
            self.start()
            found = self.ended()
        self.assertEqual(found["state"], "starting")
        self.assertRegex(
            found["reason"], r"^restarting: .* exited with code 1: it was not up within Ray's own 30 s"
        )

    def test_worker_that_is_not_in_the_shape_stops_ray_and_reports_on(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        ray = self.worker.ray
        assert ray is not None
        self.leave = "the cluster has 1 node now"
        found = self.shows(lambda found: found["state"] == "outside the cluster" and not found["member"])
        self.assertEqual(found["reason"], "the cluster has 1 node now")
        self.assertIsNotNone(ray.exit_code)
        self.alive = False
        clock.sleep(30.0)
        self.assertEqual(self.code, [], "its process goes on")
        heard = self.book.heard()[support.WORKER]
        self.assertLess(heard.age_seconds, 5.0)
        self.assertEqual((heard.report.state, heard.failure), ("starting", None))
        with self.subTest("wanted again"):
            self.leave = None
            self.assertEqual(self.ended()["reason"], "restarting: the cluster wants this node again")

    def test_worker_that_is_not_in_the_shape_does_not_start_ray(self) -> None:
        self.leave = "the cluster has 1 node now"
        self.play_head()
        self.start()
        self.shows(lambda found: found["state"] == "outside the cluster")
        clock.sleep(5.0)
        self.assertIsNone(self.worker.ray)

    def test_worker_that_is_never_listed_fails_at_the_deadline(self) -> None:
        self.alive = None
        self.config = self.with_deadline(membership=1)
        self.play_head()
        self.start()
        self.assertRegex(self.ended()["reason"], "not a member after 1 s: Ray on the head does not list")


if __name__ == "__main__":
    unittest.main()
