"""A disk that has no room for the next model beside the one that is there."""

import shutil
import unittest
from collections import namedtuple
from pathlib import Path
from unittest import mock

from fixtures.fake_hub import FakeHub
from fixtures.staging_support import OTHER_REVISION, REPOSITORY, StagingCase, small_model

from ray_node.channel.report import Replaced
from ray_node.staging.failure import DiskFull, RoomTaken

#: A model of the tests has 1 MB, and 1.1 MB are wanted for it.
FREE = 300_000
_Usage = namedtuple("_Usage", "total used free")


class RoomTest(StagingCase):
    def setUp(self) -> None:
        super().setUp()
        self.stage()
        self.before = self.destination
        (self.before / "notes.txt").write_text("not of the model")
        self.following = small_model("next")
        hub = FakeHub(REPOSITORY, OTHER_REVISION, self.following)
        self.addCleanup(hub.close)
        self.source_of_next = self.source(revision=OTHER_REVISION, endpoint=hub.url)

    def next(self, is_free: bool, free: int = FREE, folder: str | None = None) -> Path:
        usage = _Usage(10_000_000, 10_000_000 - free, free)
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            return self.stage(
                source=self.source_of_next,
                destination=str(self.folder / "next"),
                replaced=Replaced((folder or str(self.before),), is_free),
            )

    def files(self) -> set[str]:
        return {path.name for path in self.before.glob("*") if path.is_file()}

    def test_model_in_use_is_never_removed(self) -> None:
        files = self.files()
        with self.assertRaisesRegex(RoomTaken, f"{self.before}, which is in use, holds 1.0 MB"):
            self.next(is_free=False)
        self.assertEqual(self.files(), files)

    def test_model_that_nothing_uses_makes_room(self) -> None:
        self.assert_staged(self.next(is_free=True), self.following)
        self.assertEqual(self.files(), {"notes.txt"}, "only what staging has brought goes")
        self.assertIn("is removed: the disk has no room for both models", self.logged)

    def test_models_make_room_together(self) -> None:
        """Half of the room comes from a second one."""
        other = self.folder / "other"
        self.stage(destination=str(other))
        usage = _Usage(10_000_000, 9_900_000, 100_000)
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            found = self.stage(
                source=self.source_of_next,
                destination=str(self.folder / "next"),
                replaced=Replaced((str(self.before), str(other)), True),
            )
        self.assert_staged(found, self.following)
        self.assertEqual(self.files(), {"notes.txt"})
        self.assertFalse((other / "config.json").exists())

    def test_model_that_was_removed_is_fetched_again(self) -> None:
        self.next(is_free=True)
        (self.before / "notes.txt").unlink()
        self.assert_staged(self.stage())

    def test_model_stays_where_there_is_room_for_both(self) -> None:
        for is_free in (False, True):
            with self.subTest(is_free=is_free):
                self.assert_staged(self.next(is_free, free=5_000_000), self.following)
                self.assertIn("model-00001-of-00005.safetensors", self.files())

    def test_model_that_would_not_make_enough_room_stays(self) -> None:
        """A half one, another disk, or none at all: the disk is full."""
        files = self.files()
        for free, folder in ((50_000, None), (FREE, "/proc"), (FREE, str(self.folder / "absent"))):
            with self.subTest(free=free, folder=folder), self.assertRaises(DiskFull):
                self.next(True, free, folder)
        self.assertEqual(self.files(), files)


if __name__ == "__main__":
    unittest.main()
