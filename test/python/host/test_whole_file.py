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


if __name__ == "__main__":
    unittest.main()
