import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fixtures.fake_hub import git_sha1

from ray_node.host import clock
from ray_node.staging.files import GIT_SHA1, checked
from ray_node.staging.folder import ModelFolder
from ray_node.staging.progress import FETCHES, WAITS, Meter, Progress

FILES = tuple(checked(name, 1000, GIT_SHA1, git_sha1(b"")) for name in ("a", "b"))


class MeterTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = ModelFolder(folder.name)
        self.now = 0.0
        self.reported: list[Progress] = []
        patch = mock.patch.object(clock, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        self.meter = Meter(self.reported.append, self.folder)

    def put(self, path: str, size: int) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(b"x" * size)

    def test_tick_reports_once_a_second(self) -> None:
        for self.now in (0.0, 0.5, 0.9, 1.0, 1.9, 2.1):
            self.meter.tick()
        self.assertEqual(len(self.reported), 3)

    def test_tick_measures_rate_and_remaining_time_without_what_was_there(self) -> None:
        self.put(self.folder.final(FILES[0]), 1000)
        self.meter.plan(FILES)
        self.meter.say(FETCHES)
        self.now = 2.0
        self.put(self.folder.part(FILES[1]), 200)
        self.meter.tick()
        shown = self.reported[-1]
        self.assertEqual((shown.bytes_done, shown.bytes_total, shown.files_done), (1200, 2000, 1))
        self.assertEqual((shown.bytes_per_second, shown.remaining_seconds), (100.0, 8.0))

    def test_tick_with_new_bytes_ends_a_wait(self) -> None:
        self.meter.plan(FILES)
        self.meter.say(WAITS, "HTTP 503")
        self.meter.tick()
        self.assertEqual((self.meter.now.phase, self.meter.now.detail), (WAITS, "HTTP 503"))
        self.now = 1.0
        self.put(self.folder.part(FILES[1]), 10)
        self.meter.tick()
        self.assertEqual((self.meter.now.phase, self.meter.now.detail), (FETCHES, ""))

    def test_finish_reports_everything(self) -> None:
        for file in FILES:
            self.put(self.folder.final(file), 1000)
        self.meter.finish(FILES)
        last = self.reported[-1]
        self.assertEqual((last.phase, last.bytes_done, last.files_done), ("done", 2000, 2))


if __name__ == "__main__":
    unittest.main()
