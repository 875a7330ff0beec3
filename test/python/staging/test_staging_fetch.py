import errno
import json
import os
import shutil
import signal
import threading
import time
import unittest
from collections import namedtuple
from dataclasses import replace
from unittest import mock

from fixtures.fake_hub import Trouble
from fixtures.staging_support import HURRY, NodeProcess, StagingCase, small_model, until

from ray_node.host.failure import StopRequested
from ray_node.staging.failure import (
    ChecksumMismatch,
    DiskFull,
    FolderUnusable,
    SourceRefused,
    SourceUnreachable,
    StagingTimeout,
)
from ray_node.staging.stage import stage

FIRST = "model-00001-of-00005.safetensors"
SECOND = "model-00002-of-00005.safetensors"


class Resuming(StagingCase):
    def test_a_broken_connection_costs_no_byte(self) -> None:
        self.hub.trouble[FIRST] = Trouble(drop_after=40_000, drops=3)
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], len(self.hub.files[FIRST]))
        ranges = [request.byte_range for request in self.hub.requests if FIRST in request.path]
        size = len(self.hub.files[FIRST])
        wanted = {None, *(f"bytes={start}-{size - 1}" for start in (40_000, 80_000, 120_000))}
        self.assertEqual(set(ranges), wanted)

    def test_progress_makes_it_forget_earlier_failures(self) -> None:
        self.hub.trouble[FIRST] = Trouble(drop_after=20_000, drops=9)
        self.assertGreater(9, HURRY.attempts)
        self.assert_staged(self.stage())

    def test_a_killed_node_fetches_nothing_twice(self) -> None:
        self.hub.files = small_model(weight_bytes=2_000_000)
        for name in self.hub.files:
            self.hub.trouble[name] = Trouble(bytes_per_second=2_000_000)
        node = NodeProcess(self, self.request(parallel_files=2))
        until(lambda: (self.destination / SECOND).exists())
        until(lambda: self.hub.sent["model-00003-of-00005.safetensors"] > 1_000_000)
        node.kill()
        self.assertEqual(node.process.returncode, -signal.SIGKILL)
        files = [path for path in self.destination.rglob("*") if path.is_file()]
        self.assertFalse(any(path.name.startswith(SECOND + ".") for path in files))
        half = sum(path.stat().st_size for path in files if path.suffix == ".part")
        self.assertGreater(half, 0)
        kept = half + sum(
            len(self.hub.files.get(str(path.relative_to(self.destination)), b"")) for path in files
        )
        self.hub.trouble.clear()
        before = self.settled_bytes()
        after_kill = len(self.hub.requests)
        self.assert_staged(self.stage())
        for name in (FIRST, SECOND):
            self.assertEqual(self.hub.sent[name], len(self.hub.files[name]), "a finished file came again")
        asked = {request.path.partition("?")[0] for request in self.hub.requests[after_kill:]}
        self.assertFalse(any(FIRST in path or SECOND in path for path in asked))
        # The rest came from where the half files ended; what was lost on the way to the disk is not ours.
        self.assertEqual(self.hub.sent_bytes - before, self.hub.total_bytes - kept)

    def test_a_journal_that_was_cut_off_is_read_as_far_as_it_goes(self) -> None:
        self.stage()
        staging = self.destination / ".staging"
        journal = (staging / "finished.jsonl").read_text().strip()
        (staging / "manifest.json").unlink()
        (staging / "finished.jsonl").write_text(journal[:-30])
        before = self.hub.sent_bytes
        self.assert_staged(self.stage())
        # The one whose line is torn is checked on the disk instead.
        self.assertEqual(self.hub.sent_bytes, before)
        torn, added = (staging / "finished.jsonl").read_text().splitlines()[-2:]
        with self.assertRaises(ValueError):
            json.loads(torn)
        self.assertEqual(torn, added[:-30])

    def test_a_half_file_with_a_wrong_tail_comes_again(self) -> None:
        part = self.destination / ".staging" / "parts" / f"{FIRST}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(self.hub.files[FIRST][:50_000] + b"\0" * 20_000)
        self.assert_staged(self.stage())
        size = len(self.hub.files[FIRST])
        self.assertEqual(self.hub.sent[FIRST], size - 70_000 + size)

    def test_a_half_file_that_is_too_long_comes_again(self) -> None:
        part = self.destination / ".staging" / "parts" / f"{FIRST}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 300_000)
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], len(self.hub.files[FIRST]))

    def test_a_source_without_ranges_starts_the_file_again(self) -> None:
        self.hub.trouble[FIRST] = Trouble(ignore_range=True, drop_after=40_000, drops=1)
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], 40_000 + len(self.hub.files[FIRST]))

    def test_large_files_come_in_segments(self) -> None:
        self.assert_staged(self.stage(pace=replace(HURRY, segment_bytes=64 * 1024)))
        ranges = [r.byte_range for r in self.hub.requests if FIRST in r.path and r.host == "cdn"]
        self.assertEqual(ranges[:2], ["bytes=0-65535", "bytes=65536-131071"])
        self.assertEqual(len(ranges), 4)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)

    def test_files_that_somebody_put_there_are_checked_and_kept(self) -> None:
        self.destination.mkdir()
        (self.destination / FIRST).write_bytes(self.hub.files[FIRST])
        (self.destination / SECOND).write_bytes(b"?" * len(self.hub.files[SECOND]))
        (self.destination / "config.json").write_bytes(b"short")
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], 0)
        self.assertEqual(self.hub.sent[SECOND], len(self.hub.files[SECOND]))


class Retrying(StagingCase):
    def test_it_waits_as_long_as_the_source_asks(self) -> None:
        for name, value in {"Retry-After": "1", "RateLimit": '"resolvers";r=0;t=0'}.items():
            with self.subTest(name):
                self.hub.trouble[FIRST] = Trouble(status=429, refusals=1, headers={name: value})
                started = time.monotonic()
                self.assert_staged(self.stage(destination=str(self.folder / name)))
                self.assertGreaterEqual(time.monotonic() - started, 1.0)

    def test_the_list_is_retried_too(self) -> None:
        self.hub.list_trouble = Trouble(status=503, refusals=2)
        self.assert_staged(self.stage())

    def test_an_expired_address_is_asked_for_again(self) -> None:
        self.hub.trouble[FIRST] = Trouble(status=403, refusals=1)
        self.assert_staged(self.stage())

    def test_it_gives_up_after_its_tries(self) -> None:
        self.hub.trouble[FIRST] = Trouble(status=502, refusals=99)
        with self.assertRaises(SourceUnreachable) as caught:
            self.stage()
        self.assertIn(
            f"{FIRST}: {self.hub.cdn_url} answers HTTP 502 (4 tries in a row)", caught.exception.reason
        )
        asked = [request for request in self.hub.requests if FIRST in request.path and request.host == "cdn"]
        self.assertEqual(len(asked), HURRY.attempts)

    def test_nobody_listens(self) -> None:
        self.hub.close()
        with self.assertRaisesRegex(SourceUnreachable, r"Connection refused \(4 tries in a row\)"):
            self.stage()

    def test_the_source_falls_silent(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=2_000)
        with self.assertRaisesRegex(SourceUnreachable, "no answer in time"):
            self.stage(pace=replace(HURRY, network_timeout=0.2, attempts=2))

    def test_the_deadline_ends_it_and_says_how_far_it_was(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=20_000)
        with self.assertRaisesRegex(StagingTimeout, r"after 1 s: fetches .* of 1\.0 MB .*8 of 9 files"):
            self.stage(deadline_seconds=1.0)

    def test_a_stop_ends_it_soon_and_gives_the_lease_back(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=20_000)
        stop = threading.Event()
        threading.Timer(0.5, stop.set).start()
        started = time.monotonic()
        with self.assertRaises(StopRequested):
            stage(self.request(), self.progress.append, stop)
        self.assertLess(time.monotonic() - started, 5.0)
        self.hub.trouble.clear()
        self.assert_staged(self.stage(node="npu-1"))


class Checking(StagingCase):
    def test_a_wrong_file_is_deleted_and_fetched_once_more(self) -> None:
        for name in (FIRST, "config.json"):
            self.hub.trouble[name] = Trouble(corruptions=1)
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], 2 * len(self.hub.files[FIRST]))
        self.assertIn(f"{FIRST} came with sha256", self.logged)
        self.assertIn("config.json came with git-sha1", self.logged)

    def test_a_file_that_is_wrong_twice_is_a_failure(self) -> None:
        self.hub.trouble[FIRST] = Trouble(corruptions=99)
        with self.assertRaises(ChecksumMismatch) as caught:
            self.stage()
        self.assertIn(f"{FIRST} came 2 times with a wrong content: sha256", caught.exception.reason)
        self.assertEqual(self.hub.sent[FIRST], 2 * len(self.hub.files[FIRST]))
        self.assertFalse((self.destination / FIRST).exists())
        self.assertFalse((self.destination / ".staging" / "parts" / f"{FIRST}.part").exists())

    def test_a_file_of_another_size_than_listed_is_a_failure(self) -> None:
        origin = self.hub.files[FIRST]
        self.hub.listed = {FIRST: origin}
        for data in (origin[:-1], origin + b"x"):
            self.hub.files[FIRST] = data
            with self.subTest(len(data)), self.assertRaisesRegex(SourceRefused, f"all {len(data)} bytes"):
                self.stage(destination=str(self.folder / str(len(data))))

    def test_a_source_that_has_shrunk_behind_a_half_file_is_a_failure(self) -> None:
        part = self.destination / ".staging" / "parts" / f"{FIRST}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(self.hub.files[FIRST][:-10])
        self.hub.listed = {FIRST: self.hub.files[FIRST]}
        self.hub.files[FIRST] = self.hub.files[FIRST][:-10]
        with self.assertRaisesRegex(SourceRefused, "fewer bytes of a file than it lists"):
            self.stage()


Usage = namedtuple("Usage", "total used free")


class TheDisk(StagingCase):
    def test_too_little_space_is_known_before_the_first_byte(self) -> None:
        usage = Usage(10**9, 0, int(self.hub.total_bytes * 1.09))
        with (
            mock.patch.object(shutil, "disk_usage", return_value=usage),
            self.assertRaises(DiskFull) as caught,
        ):
            self.stage()
        self.assertEqual(self.hub.sent_bytes, 0)
        self.assertIn("on npu-0 has 1.1 MB free, 1.0 MB are still to come", caught.exception.reason)
        self.assertRegex(caught.exception.fix, r"enlarge the disk by at least \d")

    def test_what_is_there_already_needs_no_space(self) -> None:
        self.hub.trouble[FIRST] = Trouble(status=502, refusals=99)
        with self.assertRaises(SourceUnreachable):
            self.stage(parallel_files=1, pace=replace(HURRY, attempts=1))
        self.stage_all_but(FIRST)
        usage = Usage(10**9, 0, int(len(self.hub.files[FIRST]) * 1.11))
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            self.assert_staged(self.stage())

    def stage_all_but(self, name: str) -> None:
        for other, data in self.hub.files.items():
            if other != name:
                path = self.destination / other
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self.hub.trouble.clear()

    def test_a_disk_that_fills_up_is_said_and_what_came_is_kept(self) -> None:
        written = 0

        def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
            nonlocal written
            if written + len(data) > 450_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += len(data)
            return real(descriptor, data, offset)

        real = os.pwrite
        with mock.patch.object(os, "pwrite", pwrite), self.assertRaises(DiskFull) as caught:
            self.stage(parallel_files=1)
        self.assertIn("became full on npu-0, ", caught.exception.reason)
        before = self.hub.sent_bytes
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent[FIRST], len(self.hub.files[FIRST]))
        self.assertLess(self.hub.sent_bytes - before, self.hub.total_bytes - 400_000)

    def test_a_folder_that_cannot_be_made(self) -> None:
        (self.folder / "file").write_text("")
        with self.assertRaisesRegex(FolderUnusable, "file/model.* on npu-0: Not a directory"):
            self.stage(destination=str(self.folder / "file" / "model"))


if __name__ == "__main__":
    unittest.main()
