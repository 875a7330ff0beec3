import json
import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from simulated_clock import ManualClock

from ray_node.agent import state
from ray_node.agent.state import StateFile
from ray_node.host import clock, log
from ray_node.host.failure import Culprit


class StateTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = str(Path(folder.name) / "state")
        quiet = mock.patch("ray_node.host.log.line")
        self.line = quiet.start()
        self.addCleanup(quiet.stop)

    def make(self) -> StateFile:
        return StateFile(self.folder, "npu-0", {"cluster": "c", "role": "head"})

    def test_new_state_file_is_starting(self) -> None:
        made = self.make()
        found = state.read(made.path)
        assert found is not None
        self.assertEqual((found["state"], found["node"], found["pid"]), ("starting", "npu-0", os.getpid()))
        self.assertEqual(os.listdir(self.folder), ["npu-0.json"])

    def test_since_changes_with_the_state_not_with_the_reason(self) -> None:
        made = self.make()
        made.become(state.JOINED, "a")
        since = made.get("since")
        made.become(state.JOINED, "b", Culprit("npu-1", "10.0.0.2", "gone"))
        self.assertEqual(made.get("since"), since)
        found = state.read(made.path)
        assert found is not None
        self.assertEqual(found["culprit"], {"name": "npu-1", "address": "10.0.0.2", "reason": "gone"})
        made.become(state.FORMED)
        self.assertIsNone(made.get("culprit"))

    def test_history_is_bounded_and_survives_a_restart(self) -> None:
        made = self.make()
        for index in range(70):
            made.become(state.DEGRADED if index % 2 else state.FORMED, str(index))
        self.assertEqual(len(made.get("history")), 50)
        again = self.make()
        history = again.get("history")
        self.assertEqual(len(history), 50)
        self.assertEqual(history[-2]["reason"], "69")
        self.assertEqual(history[-1]["state"], "starting")

    def test_wait_is_recorded_with_its_deadline_and_logged_once(self) -> None:
        made = self.make()
        deadline = clock.Deadline(180)
        made.wait_for("waiting for npu-1", deadline)
        made.wait_for("waiting for npu-1", deadline)
        waiting = made.get("waitingFor")
        self.assertEqual((waiting["what"], waiting["deadlineSeconds"]), ("waiting for npu-1", 180))
        since, until = clock.epoch(waiting["since"]), clock.epoch(waiting["deadline"])
        assert since is not None
        assert until is not None
        self.assertAlmostEqual(until - since, 180, places=2)
        self.assertEqual(self.line.call_count, 1)
        made.become(state.FORMED)
        self.assertIsNone(made.get("waitingFor"))

    def test_progress_is_recorded_less_and_less_often(self) -> None:
        time = ManualClock(self, 1000.0)
        file, deadline, shown = self.make(), clock.Deadline(5000), []
        # After two seconds at first, after a minute in the end.
        for seconds, text in zip([0.0, 1.9, 2.1, 4.0, 4.2, 1000.0, 1059.0, 1061.0], "abcdefgh", strict=True):
            time.now = 1000.0 + seconds
            file.wait_for(text, deadline, is_progress=True)
            shown.append(file.waiting_for)
        self.assertEqual(shown, ["a", "a", "c", "c", "e", "f", "f", "h"])
        file.wait_for("another attempt", clock.Deadline(5000), is_progress=True)
        self.assertEqual(file.waiting_for, "another attempt")

    def test_state_file_holds_no_secret(self) -> None:
        log.hide("s3cr3t-token")
        made = self.make()
        made.become(state.FAILED, "bad s3cr3t-token", Culprit("a", None, "s3cr3t-token"), ["x s3cr3t-token"])
        made.wait_for("s3cr3t-token", clock.Deadline(1))
        made.warn("s3cr3t-token")
        self.assertNotIn("s3cr3t-token", Path(made.path).read_text(encoding="utf-8"))

    def test_reader_always_sees_a_whole_file(self) -> None:
        made = self.make()
        done = threading.Event()

        def write() -> None:
            for index in range(400):
                made.put(members=[{"verdict": "x" * (index * 20)}])
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        reads = 0
        while not done.is_set():
            self.assertIsNotNone(state.read(made.path))
            reads += 1
        writer.join()
        self.assertGreater(reads, 0)

    def test_full_disk_is_logged_and_survived(self) -> None:
        made = self.make()
        with mock.patch(
            "ray_node.agent.state.write_atomically", side_effect=OSError(28, "No space left on device")
        ):
            made.become(state.SERVING, "x")
        self.assertIn("No space left", str(self.line.call_args_list))
        self.assertEqual(made.state, "serving")

    def test_beat_writes_only_when_due(self) -> None:
        made = self.make()
        made.become(state.FORMED)
        before = Path(made.path).stat().st_ino
        made.beat()
        self.assertEqual(Path(made.path).stat().st_ino, before)
        with mock.patch("time.monotonic", return_value=1e9):
            made.beat()
        self.assertNotEqual(Path(made.path).stat().st_ino, before)

    def test_unreadable_state_file_is_none(self) -> None:
        os.makedirs(self.folder)
        path = state.path_of(self.folder, "x")
        self.assertIsNone(state.read(path))
        for text in ("", "{", "[]", json.dumps({"schema": 99})):
            Path(path).write_text(text, encoding="utf-8")
            self.assertIsNone(state.read(path))

    def test_retry_request_is_taken_once(self) -> None:
        self.assertFalse(state.take_retry_request(self.folder))
        state.request_retry(self.folder)
        self.assertTrue(state.take_retry_request(self.folder))
        self.assertFalse(state.take_retry_request(self.folder))


class ClockTest(unittest.TestCase):
    def test_stamp_reads_back(self) -> None:
        self.assertEqual(clock.epoch(clock.stamp(1795259262.123)), 1795259262.123)
        self.assertEqual(clock.stamp(0), "1970-01-01T00:00:00.000+00:00")

    def test_malformed_stamp_is_none(self) -> None:
        for value in (None, 5, "yesterday"):
            self.assertIsNone(clock.epoch(value))

    def test_deadline_counts_from_its_making(self) -> None:
        with mock.patch("time.monotonic", return_value=100.0):
            deadline = clock.Deadline(10)
        with mock.patch("time.monotonic", return_value=104.0):
            self.assertEqual((deadline.elapsed, deadline.left, deadline.passed), (4.0, 6.0, False))
        with mock.patch("time.monotonic", return_value=110.0):
            self.assertEqual((deadline.left, deadline.passed), (0.0, True))


if __name__ == "__main__":
    unittest.main()
