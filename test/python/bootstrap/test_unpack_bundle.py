"""What all machines share, taken apart on one of them."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import unpack_bundle


class UnpackBundleTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "root")
        self.bundle = Path(folder.name, "bundle.json")
        self.files = Path(folder.name, "host", "files.json")

    def unpack(self, files: dict[str, str]) -> None:
        self.bundle.write_text(json.dumps(files))
        unpack_bundle.unpack(self.bundle, self.files, str(self.root))

    def test_programs_go_to_the_machine_and_the_rest_to_the_container(self) -> None:
        self.unpack({"host:/a/b.sh": "echo", "host:/a/c.py": "pass", "/opt/x.py": "\u00e4"})
        self.assertEqual((self.root / "a/b.sh").read_text(), "echo")
        self.assertTrue(os.access(self.root / "a/b.sh", os.X_OK))
        self.assertFalse((self.root / "a/c.py").stat().st_mode & 0o111)
        self.assertEqual(json.loads(self.files.read_text()), {"/opt/x.py": "\u00e4"})
        self.assertFalse((self.root / "opt").exists())

    def test_what_is_right_is_not_made_anew(self) -> None:
        self.unpack({"/opt/x.py": "1"})
        before = self.files.stat().st_ino
        self.unpack({"/opt/x.py": "1", "host:/a/b.sh": "echo"})
        self.assertEqual(self.files.stat().st_ino, before)
        self.unpack({"/opt/x.py": "2"})
        self.assertEqual(json.loads(self.files.read_text()), {"/opt/x.py": "2"})

    def test_a_program_that_runs_is_replaced_not_changed(self) -> None:
        self.unpack({"host:/a/b.sh": "echo 1"})
        with (self.root / "a/b.sh").open() as running:
            self.unpack({"host:/a/b.sh": "echo 2"})
            self.assertEqual(running.read(), "echo 1")
        self.assertEqual((self.root / "a/b.sh").read_text(), "echo 2")
        self.assertEqual([path.name for path in (self.root / "a").iterdir()], ["b.sh"])


if __name__ == "__main__":
    unittest.main()
