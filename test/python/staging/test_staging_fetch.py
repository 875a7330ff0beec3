"""Staging from a hub through the real client, in its own process."""

import errno
import os
import shutil
import signal
import threading
import time
import unittest
from collections import namedtuple
from unittest import mock

from fixtures.fake_hub import Trouble
from fixtures.staging_support import NodeProcess, StagingCase, small_model, until

from ray_node.host.failure import StopRequested
from ray_node.staging.failure import (
    DiskFull,
    FolderUnusable,
    SourceUnreachable,
    StagingFailed,
    StagingTimeout,
)
from ray_node.staging.fetch import Fetch
from ray_node.staging.stage import stage

FIRST = "model-00001-of-00005.safetensors"
SECOND = "model-00002-of-00005.safetensors"
#: The client writes pieces of this size; one under way is lost with its connection.
PIECE_BYTES = 256 * 1024


class Resuming(StagingCase):
    def test_stage_after_a_broken_connection_continues_the_file(self) -> None:
        self.hub.files = small_model(weight_bytes=1_000_000)
        self.hub.trouble[FIRST] = Trouble(drop_after=600_000, drops=1)
        self.assert_staged(self.stage())
        again = self.hub.sent[FIRST] - len(self.hub.files[FIRST])
        self.assertLess(again, PIECE_BYTES)

    def test_stage_after_a_kill_fetches_no_finished_file_and_continues_half_ones(self) -> None:
        self.hub.files = small_model(weight_bytes=2_000_000)
        for name in self.hub.files:
            self.hub.trouble[name] = Trouble(bytes_per_second=4_000_000)
        node = NodeProcess(self, self.request(parallel_files=2))
        until(lambda: (self.destination / SECOND).exists())
        until(lambda: self.hub.sent["model-00003-of-00005.safetensors"] > 1_000_000)
        node.kill()
        self.assertEqual(node.process.returncode, -signal.SIGKILL)
        self.hub.trouble.clear()
        self.settled_bytes()
        parts = [path for path in self.destination.rglob("*.part") if path.is_file()]
        self.assertGreater(sum(path.stat().st_size for path in parts), 0)
        self.assert_staged(self.stage())
        for name in (FIRST, SECOND):
            self.assertEqual(self.hub.sent[name], len(self.hub.files[name]), "a finished file came again")

    def test_stage_with_a_part_that_is_wrong_or_too_long_fetches_the_file_anew(self) -> None:
        size = len(self.hub.files[FIRST])
        for content, sent in (
            (self.hub.files[FIRST][:50_000] + b"\0" * 20_000, 2 * size - 70_000),
            (b"x" * 300_000, size),
        ):
            with self.subTest(len(content)):
                self.hub.sent.clear()
                destination = self.folder / str(len(content))
                part = destination / ".staging" / "parts" / f"{FIRST}.part"
                part.parent.mkdir(parents=True)
                part.write_bytes(content)
                self.assert_staged(self.stage(destination=str(destination)))
                self.assertEqual(self.hub.sent[FIRST], sent)

    def test_stage_with_a_journal_that_was_cut_off_checks_the_file_on_the_disk(self) -> None:
        self.stage()
        staging = self.destination / ".staging"
        journal = (staging / "finished.jsonl").read_text().strip()
        (staging / "manifest.json").unlink()
        (staging / "finished.jsonl").write_text(journal[:-30])
        before = self.hub.sent_bytes
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent_bytes, before)


class Failing(StagingCase):
    def test_stage_retries_the_list_and_an_expired_address(self) -> None:
        self.hub.list_trouble = Trouble(status=503, refusals=2)
        self.hub.trouble[FIRST] = Trouble(status=403, refusals=1)
        self.assert_staged(self.stage())

    def test_stage_without_a_listener_gives_up(self) -> None:
        self.hub.close()
        with self.assertRaisesRegex(SourceUnreachable, r"Connection refused \(4 attempts in a row\)"):
            self.stage()

    def test_stage_past_its_deadline_says_how_far_it_was(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=20_000)
        with self.assertRaisesRegex(StagingTimeout, "after 1 s: (lists|fetches)"):
            self.stage(deadline_seconds=1.0)

    def test_stage_that_is_stopped_kills_the_fetch_and_releases_the_lease(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=20_000)
        stop = threading.Event()
        threading.Timer(0.5, stop.set).start()
        started = time.monotonic()
        with self.assertRaises(StopRequested):
            stage(self.request(), self.progress.append, stop)
        self.assertLess(time.monotonic() - started, 5.0)
        self.hub.trouble.clear()
        self.assert_staged(self.stage(node="npu-1"))

    def test_stage_with_a_fetch_that_ends_unexpectedly_fails(self) -> None:
        with (
            mock.patch.object(Fetch, "_tell", lambda fetch, _: fetch._child.kill()),
            self.assertRaisesRegex(StagingFailed, "ended unexpectedly"),
        ):
            self.stage()

    def test_stage_with_wrong_content_fetches_the_file_once_more(self) -> None:
        for name in (FIRST, "config.json"):
            self.hub.trouble[name] = Trouble(corruptions=1)
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], 2 * len(self.hub.files[FIRST]))


Usage = namedtuple("Usage", "total used free")


class TheDisk(StagingCase):
    def test_stage_with_too_little_space_fails_before_the_first_byte(self) -> None:
        usage = Usage(10**9, 0, int(self.hub.total_bytes * 1.09))
        with (
            mock.patch.object(shutil, "disk_usage", return_value=usage),
            self.assertRaises(DiskFull) as caught,
        ):
            self.stage()
        self.assertEqual(self.hub.sent_bytes, 0)
        self.assertIn("on npu-0 has 1.1 MB free, 1.0 MB are still to come", caught.exception.reason)
        self.assertRegex(caught.exception.fix, r"enlarge the disk by at least \d")

    def test_stage_needs_space_only_for_what_is_missing(self) -> None:
        for name, data in self.hub.files.items():
            if name != FIRST:
                path = self.destination / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        usage = Usage(10**9, 0, int(len(self.hub.files[FIRST]) * 1.11))
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            self.assert_staged(self.stage())

    def test_stage_on_a_disk_that_fills_up_names_the_node(self) -> None:
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with mock.patch.object(Fetch, "run", side_effect=error), self.assertRaises(DiskFull) as caught:
            self.stage()
        self.assertIn("became full on npu-0, ", caught.exception.reason)

    def test_stage_in_a_folder_that_cannot_be_made_fails(self) -> None:
        (self.folder / "file").write_text("")
        with self.assertRaisesRegex(FolderUnusable, "file/model.* on npu-0: Not a directory"):
            self.stage(destination=str(self.folder / "file" / "model"))


if __name__ == "__main__":
    unittest.main()
