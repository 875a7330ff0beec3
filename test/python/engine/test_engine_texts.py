import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ray_node.config.engine_config import EngineText
from ray_node.engine import texts as engine_texts
from ray_node.host.failure import EngineFailed


class EngineTextsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "config" / "deep" / "roll.yaml"

    def test_write_makes_the_folders_and_a_readable_file(self) -> None:
        mask = os.umask(0o077)
        self.addCleanup(os.umask, mask)
        engine_texts.write([EngineText(str(self.path), "gpus: 8\n")])
        self.assertEqual(self.path.read_text(encoding="utf-8"), "gpus: 8\n")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o644)
        engine_texts.write([EngineText(str(self.path), "")])
        self.assertEqual(self.path.read_text(encoding="utf-8"), "")
        self.assertEqual([item.name for item in self.path.parent.iterdir()], ["roll.yaml"])

    def test_write_that_fails_keeps_the_old_text_and_no_draft(self) -> None:
        engine_texts.write([EngineText(str(self.path), "old")])
        full = mock.patch("os.replace", side_effect=OSError(28, "No space left on device"))
        with full, self.assertRaisesRegex(EngineFailed, "roll.yaml cannot be written: No space left"):
            engine_texts.write([EngineText(str(self.path), "new")])
        self.assertEqual(self.path.read_text(encoding="utf-8"), "old")
        self.assertEqual([item.name for item in self.path.parent.iterdir()], ["roll.yaml"])

    def test_write_into_an_impossible_folder_fails(self) -> None:
        with self.assertRaisesRegex(EngineFailed, "/proc/x/y cannot be written"):
            engine_texts.write([EngineText("/proc/x/y", "")])


if __name__ == "__main__":
    unittest.main()
