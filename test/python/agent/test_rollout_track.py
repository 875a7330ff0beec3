"""The next workload, from delivery to verdict. The other track is played by the test."""

import os
import unittest
from unittest import mock

from workload_case import A, B, WorkloadCase

from ray_node.agent.phases import Phase
from ray_node.agent.rollout import RolloutVerdict
from ray_node.agent.rollout_track import RolloutTrack, Running
from ray_node.agent.workload_store import WorkloadStore
from ray_node.config.workload import Workload
from ray_node.host.failure import ClusterFailed, Culprit, EngineFailed
from ray_node.host.steps import Steps

HEAD = Culprit("npu-0", "10.89.28.10", "")
CULPRIT = Culprit("npu-1", "10.89.28.11", "has no model")
BROKE = EngineFailed("the engine exited with code 2", CULPRIT)
SERVES_A, SERVES_B = Running(A.number, "hello from a"), Running(B.number, "hello from b")


class PlayedPreparation:
    """Each kind of work needs two looks."""

    def __init__(self) -> None:
        self.full: str | None = None
        self.formed = True
        self.log: list[str] = []
        self.failure: dict[str, ClusterFailed] = {}

    progress = ""

    def no_room(self, number: str) -> str | None:
        return self.full

    def whole(self, workload: Workload) -> bool:
        return self.formed

    def stage(self, number: str, workload: Workload) -> Steps[None]:
        return self._work("stage", workload)

    def check(self, number: str, workload: Workload) -> Steps[None]:
        return self._work("check", workload)

    def _work(self, kind: str, workload: Workload) -> Steps[None]:
        self.log.append(f"{kind} {workload.engine.name}")
        yield 0.0
        if kind in self.failure:
            raise self.failure[kind]


class RolloutTrackTest(WorkloadCase):
    def setUp(self) -> None:
        super().setUp()
        quiet = mock.patch("ray_node.host.log.line")
        self.lines = quiet.start()
        self.addCleanup(quiet.stop)
        self.serve(A)
        self.preparation = PlayedPreparation()
        self.track = self.started()

    def started(self) -> RolloutTrack:
        """A head that starts."""
        self.store = WorkloadStore(self.folder)
        return RolloutTrack(self.store, self.preparation, HEAD)

    def looks(self, *passes: Running, formed: bool = True) -> Phase:
        self.preparation.formed = formed
        for running in passes:
            self.track.look(running, formed)
        return self.track.phase

    def until(self, wanted: Phase, running: Running = SERVES_A) -> None:
        for _ in range(10):
            if self.looks(running) is wanted:
                return
        self.fail(f"{self.track.phase} instead of {wanted}")

    def verdict(self) -> RolloutVerdict:
        found = self.store.rollout.verdict
        assert found is not None
        return found

    def test_next_workload_is_prepared_while_the_current_one_is_to_run(self) -> None:
        self.deliver(B)
        phases = []
        for _ in range(8):
            phases.append(self.looks(SERVES_A))
            if phases[-1] is not Phase.SWITCHING:
                self.assertEqual(self.track.subject, A.number)
        self.assertEqual(phases[0], Phase.NEXT_STAGING)
        self.assertLess(phases.index(Phase.NEXT_CHECKING), phases.index(Phase.SWITCHING))
        self.assertEqual(self.preparation.log, ["stage b", "check b"])
        self.assertEqual(self.track.subject, B.number)

    def test_next_workload_that_serves_becomes_the_current_one(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        self.assertEqual(self.looks(Running(), Running()), Phase.SWITCHING)
        self.assertEqual(self.looks(SERVES_B), Phase.NO_ROLLOUT)
        found = self.store.rollout
        self.assertEqual((found.current, found.previous, found.next), (B.number, A.number, None))
        verdict = self.verdict()
        self.assertEqual((verdict.verdict, verdict.text), ("serving", "hello from b"))

    def test_engine_that_fails_goes_back_and_says_what_serves(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        failed = Running(failed=B.number, failure=BROKE)
        self.assertEqual(self.looks(failed), Phase.RETURNING)
        self.assertEqual(self.track.subject, A.number)
        self.assertEqual(self.looks(failed, Running()), Phase.RETURNING, "not before A is known to serve")
        self.assertEqual(self.looks(SERVES_A), Phase.NO_ROLLOUT)
        verdict = self.verdict()
        self.assertEqual((verdict.verdict, verdict.culprit, verdict.serving), ("failed", CULPRIT, A.number))
        self.assertIn("the engine exited with code 2; serving now: ", verdict.text)

    def test_current_workload_that_does_not_come_back_is_said(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        self.looks(Running(failed=B.number, failure=BROKE), Running(failed=A.number))
        self.assertEqual(self.track.phase, Phase.NO_ROLLOUT)
        self.assertIsNone(self.verdict().serving)
        self.assertTrue(self.verdict().text.endswith("the engine exited with code 2; nothing serves now"))

    def test_preparation_that_fails_never_stops_the_current_one(self) -> None:
        for kind in ("stage", "check"):
            self.renew()
            self.serve(A)
            self.track = self.started()
            self.preparation.failure = {kind: ClusterFailed("no model", CULPRIT)}
            self.deliver(B)
            with self.subTest(kind):
                for _ in range(8):
                    self.looks(SERVES_A)
                    self.assertEqual(self.track.subject, A.number)
                self.assertEqual(self.track.phase, Phase.NO_ROLLOUT)
                verdict = self.verdict()
                self.assertEqual((verdict.number, verdict.serving), (B.number, A.number))
                self.assertEqual(verdict.culprit, CULPRIT)

    def test_disk_without_room_stages_after_the_switch(self) -> None:
        self.preparation.full = "npu-1 has 3 GB free of 12 GB needed"
        self.deliver(B)
        self.assertEqual(self.looks(SERVES_A, SERVES_A), Phase.SWITCHING)
        self.assertIn("3 GB free", str(self.lines.call_args_list))

    def test_member_that_is_lost_during_the_checks_leads_back_to_staging(self) -> None:
        self.deliver(B)
        self.until(Phase.NEXT_CHECKING)
        self.assertEqual(self.looks(SERVES_A), Phase.NEXT_CHECKING)
        self.assertEqual(self.looks(Running(), formed=False), Phase.NEXT_STAGING)
        self.assertEqual(self.looks(Running(), Running(), formed=False), Phase.NEXT_STAGING)
        self.until(Phase.SWITCHING)
        self.assertEqual(self.preparation.log, ["stage b", "check b", "stage b", "check b"])

    def test_first_workload_is_not_prepared_beside_nothing(self) -> None:
        self.renew()
        self.track = self.started()
        self.deliver(A)
        self.assertEqual(self.looks(Running(), Running()), Phase.SWITCHING)
        self.assertEqual(self.track.subject, A.number)
        self.assertEqual(self.looks(Running(failed=A.number, failure=BROKE)), Phase.NO_ROLLOUT)
        self.assertEqual((self.track.subject, self.verdict().verdict), (A.number, "failed"))
        with self.subTest("it serves after all"):
            self.looks(SERVES_A)
            self.assertEqual((self.verdict().verdict, self.store.rollout.proven), ("serving", True))

    def test_head_that_starts_anew_goes_on_in_each_phase(self) -> None:
        for phase, after in (
            (Phase.NEXT_STAGING, Phase.NEXT_STAGING),
            (Phase.NEXT_CHECKING, Phase.NEXT_STAGING),
            (Phase.SWITCHING, Phase.SWITCHING),
        ):
            self.renew()
            self.serve(A)
            self.track = self.started()
            self.deliver(B)
            self.until(phase)
            self.track = self.started()
            with self.subTest(phase.name):
                self.assertIs(self.track.phase, after)
                self.until(Phase.SWITCHING)
                self.assertEqual(self.looks(SERVES_B), Phase.NO_ROLLOUT)
                self.assertEqual(self.store.rollout.current, B.number)

    def test_head_that_starts_anew_on_its_way_back_ends_with_the_old_reason(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        self.looks(Running(failed=B.number, failure=BROKE))
        self.track = self.started()
        self.assertIs(self.track.phase, Phase.RETURNING)
        self.assertEqual(self.track.subject, A.number)
        self.looks(SERVES_A)
        self.assertIn("exited with code 2; serving now: ", self.verdict().text)

    def test_full_disk_delays_a_step_and_loses_none(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        with mock.patch.object(os, "replace", side_effect=OSError(28, "No space left on device")):
            self.assertEqual(self.looks(SERVES_B, SERVES_B), Phase.SWITCHING)
        self.assertIn("No space left", str(self.lines.call_args_list))
        self.assertEqual(self.looks(SERVES_B), Phase.NO_ROLLOUT)
        self.assertEqual(self.store.rollout.current, B.number)

    def test_second_delivery_waits_for_the_end_of_the_first(self) -> None:
        self.deliver(B)
        self.until(Phase.SWITCHING)
        self.looks(SERVES_B)
        self.deliver(A)
        self.until(Phase.SWITCHING, SERVES_B)
        self.looks(SERVES_A)
        self.assertEqual((self.store.rollout.current, self.store.rollout.previous), (A.number, B.number))


if __name__ == "__main__":
    unittest.main()
