import time
import unittest
from pathlib import Path
from unittest import mock

from fixtures.fake_hub import Trouble
from fixtures.staging_support import REVISION, StagingCase, until

from ray_node.host.failure import StopRequested
from ray_node.staging import source_secret
from ray_node.staging.failure import TokenMissing
from ray_node.staging.request import StagingRequest
from ray_node.staging.run import StagingRun

FIRST = "model-00001-of-00005.safetensors"


class Beside(StagingCase):
    def test_run_shows_progress_and_then_returns_the_folder(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=100_000)
        run = StagingRun((self.request(),))
        until(lambda: any(one is not None and one.bytes_done > 0 for one in run.progress))
        self.assertFalse(run.done)
        self.assertEqual(run.result(), [self.destination])
        self.assertTrue(run.done)
        (progress,) = run.progress
        assert progress is not None
        self.assertEqual(progress.phase, "done")

    def test_models_come_one_after_the_other_each_with_its_progress(self) -> None:
        draft = self.folder / "draft"
        requests = (self.request(), self.request(destination=str(draft)))
        run = StagingRun(requests)
        self.assertEqual(run.result(), [self.destination, draft])
        self.assertEqual([one and one.phase for one in run.progress], ["done", "done"])
        self.assert_staged(self.destination)
        self.assert_staged(draft)

    def test_deadline_of_the_first_is_that_of_all(self) -> None:
        given: list[float] = []

        def slow(request: StagingRequest, *rest: object) -> Path:
            given.append(request.deadline_seconds)
            time.sleep(0.2)
            return Path(request.destination)

        with mock.patch("ray_node.staging.run.stage", slow):
            StagingRun((self.request(deadline_seconds=10.0), self.request(deadline_seconds=600.0))).result()
        self.assertAlmostEqual(given[0], 10.0, delta=0.1)
        self.assertLess(given[1], 9.9)

    def test_result_of_a_failed_run_raises_its_failure(self) -> None:
        with mock.patch.object(source_secret, "_ANSWER_SECONDS", 0.0), self.assertRaises(TokenMissing):
            run = StagingRun((self.request(source=self.source(token_file=str(self.folder / REVISION))),))
            run.result()

    def test_cancel_ends_the_run_within_its_grace(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=10_000)
        run = StagingRun((self.request(),))
        until(lambda: self.hub.sent[FIRST] > 0)
        started = time.monotonic()
        run.cancel(4.0)
        self.assertTrue(run.done)
        with self.assertRaises(StopRequested):
            run.result()
        self.assertLess(time.monotonic() - started, 4.0)


if __name__ == "__main__":
    unittest.main()
