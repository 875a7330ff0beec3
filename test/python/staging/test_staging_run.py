import time
import unittest

from fixtures.fake_hub import Trouble
from fixtures.staging_support import REVISION, StagingCase, until

from ray_node.host.failure import StopRequested
from ray_node.staging.failure import TokenMissing
from ray_node.staging.run import StagingRun

FIRST = "model-00001-of-00005.safetensors"


class Beside(StagingCase):
    def test_run_shows_progress_and_then_returns_the_folder(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=100_000)
        run = StagingRun(self.request())
        until(lambda: run.progress is not None and run.progress.bytes_done > 0)
        self.assertFalse(run.done)
        self.assertEqual(run.result(), self.destination)
        self.assertTrue(run.done)
        assert run.progress is not None
        self.assertEqual(run.progress.phase, "done")

    def test_result_of_a_failed_run_raises_its_failure(self) -> None:
        run = StagingRun(self.request(source=self.source(token_file=str(self.folder / REVISION))))
        with self.assertRaises(TokenMissing):
            run.result()

    def test_cancel_ends_the_run_within_its_grace(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=10_000)
        run = StagingRun(self.request())
        until(lambda: self.hub.sent[FIRST] > 0)
        started = time.monotonic()
        run.cancel(4.0)
        self.assertTrue(run.done)
        with self.assertRaises(StopRequested):
            run.result()
        self.assertLess(time.monotonic() - started, 4.0)


if __name__ == "__main__":
    unittest.main()
