from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import unpack_files


class UnpackFilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.bundle = self.folder / "files.json"

    def write_bundle(self, files: dict[str, str]) -> None:
        self.bundle.write_text(json.dumps({str(self.folder / name): text for name, text in files.items()}))

    def test_writes_every_file_byte_for_byte(self) -> None:
        self.write_bundle({"opt/a/b.py": "x = 'é'\r\n", "empty": ""})
        unpack_files.unpack(self.bundle)
        self.assertEqual((self.folder / "opt/a/b.py").read_bytes(), "x = 'é'\r\n".encode())
        self.assertEqual((self.folder / "empty").read_bytes(), b"")

    def test_leaves_a_file_alone_that_is_there_already(self) -> None:
        self.write_bundle({"same": "1", "other": "2"})
        for name in ("same", "other"):
            (self.folder / name).write_text("1")
            os.utime(self.folder / name, (0, 0))
        unpack_files.unpack(self.bundle)
        self.assertEqual((self.folder / "same").stat().st_mtime, 0)
        self.assertEqual((self.folder / "other").read_text(), "2")

    def test_becomes_the_command(self) -> None:
        self.write_bundle({"program.py": "import os, sys\nprint(os.getpid(), sys.argv[1:])\nsys.exit(7)\n"})
        command = [sys.executable, str(self.folder / "program.py"), "a b", "$HOME"]
        process = subprocess.Popen(
            [sys.executable, unpack_files.__file__, str(self.bundle), *command],
            stdout=subprocess.PIPE,
            text=True,
        )
        output, _ = process.communicate()
        self.assertEqual(output, f"{process.pid} ['a b', '$HOME']\n")
        self.assertEqual(process.returncode, 7)

    def test_says_how_it_is_used(self) -> None:
        with self.assertRaises(SystemExit) as raised:
            unpack_files.main(["bundle"])
        self.assertIn("usage:", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
