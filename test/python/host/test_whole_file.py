import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ray_node.host import whole_file


class WholeFileTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "new" / "file"

    def test_write_makes_the_folder_and_leaves_one_readable_file(self) -> None:
        for text in ("one\n", "two\r\n"):
            whole_file.write(str(self.path), text)
            self.assertEqual(self.path.read_bytes(), text.encode())
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o644)
        self.assertEqual(os.listdir(self.path.parent), ["file"])

    def test_write_that_fails_keeps_the_old_content_and_no_draft(self) -> None:
        whole_file.write(str(self.path), "old")
        with mock.patch.object(os, "replace", side_effect=OSError), self.assertRaises(OSError):
            whole_file.write(str(self.path), "new")
        self.assertEqual(self.path.read_text(), "old")
        self.assertEqual(os.listdir(self.path.parent), ["file"])

    def test_durable_write_syncs_the_content_before_the_rename_and_the_folder_after_it(self) -> None:
        order: list[str] = []
        fsync, replace = os.fsync, os.replace

        def synced(number: int) -> None:
            order.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "content")
            fsync(number)

        def renamed(source: str, target: str) -> None:
            order.append("rename")
            replace(source, target)

        with mock.patch.object(os, "fsync", synced), mock.patch.object(os, "replace", renamed):
            whole_file.write_durably(str(self.path), b"new")
        self.assertEqual(order, ["content", "rename", "folder"])
        self.assertEqual(self.path.read_bytes(), b"new")

    def test_durable_removal_accepts_that_there_is_no_file(self) -> None:
        whole_file.write_durably(str(self.path), b"new")
        for _ in range(2):
            whole_file.remove_durably(str(self.path))
            self.assertEqual(os.listdir(self.path.parent), [])


if __name__ == "__main__":
    unittest.main()
