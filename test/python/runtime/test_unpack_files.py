from __future__ import annotations

import errno
import json
import os
import site
import subprocess
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock
from venv import EnvBuilder

import unpack_files


class UnpackTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.bundle = self.folder / "files.json"

    def write_bundle(self, files: dict[str, str]) -> None:
        self.bundle.write_text(json.dumps(files))


class ContainerTest(UnpackTestCase):
    def unpack(self, files: dict[str, str]) -> None:
        self.write_bundle({f"{self.folder}/{name}": text for name, text in files.items()})
        unpack_files.unpack(self.bundle, of_host=False)

    def test_every_file_is_written_byte_for_byte(self) -> None:
        self.unpack({"opt/a/b.py": "x = 'é'\r\n", "empty": ""})
        self.assertEqual((self.folder / "opt/a/b.py").read_bytes(), "x = 'é'\r\n".encode())
        self.assertEqual((self.folder / "empty").read_bytes(), b"")

    def test_an_unchanged_file_is_not_touched(self) -> None:
        for name in ("same", "other"):
            (self.folder / name).write_text("1")
            os.utime(self.folder / name, (0, 0))
        self.unpack({"same": "1", "other": "2"})
        self.assertEqual((self.folder / "same").stat().st_mtime, 0)
        self.assertEqual((self.folder / "other").read_text(), "2")

    def test_files_of_the_machine_are_left_out(self) -> None:
        self.write_bundle({f"host:{self.folder}/step.sh": "echo"})
        unpack_files.unpack(self.bundle, of_host=False)
        self.assertEqual(list(self.folder.iterdir()), [self.bundle])

    def start(self, program: str, *arguments: str, **variables: str) -> tuple[int, int, str]:
        """Process id, exit code and output, with a Python of the test's own: its packages get a file."""
        if not (self.folder / "python").exists():
            EnvBuilder(symlinks=True).create(self.folder / "python")
        python = str(self.folder / "python" / "bin" / "python")
        path = self.folder / "program.py"
        self.write_bundle({str(path): program})
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = subprocess.Popen(
            [python, unpack_files.__file__, self.bundle, python, path, *arguments],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            text=True,
        )
        output, _ = process.communicate()
        return process.pid, process.returncode, output

    def test_the_command_replaces_the_process(self) -> None:
        pid, code, output = self.start(
            "import os, sys\nprint(os.getpid(), sys.argv[1:])\nsys.exit(7)\n", "a b", "$HOME"
        )
        self.assertEqual(output, f"{pid} ['a b', '$HOME']\n")
        self.assertEqual(code, 7)

    def test_the_command_has_the_program_before_the_python_path_of_the_image(self) -> None:
        show = "import os\nprint(os.environ['PYTHONPATH'])\n"
        self.assertEqual(self.start(show)[2], "/opt/ray-cluster\n")
        _, _, output = self.start(show, PYTHONPATH="/usr/local/Ascend/python/site-packages")
        self.assertEqual(output, "/opt/ray-cluster:/usr/local/Ascend/python/site-packages\n")

    def test_a_process_beside_the_command_finds_the_program_too(self) -> None:
        self.start("")
        (packages,) = self.folder.glob("python/lib/python*/site-packages")
        self.assertEqual((packages / "ray-cluster.pth").read_text(), "/opt/ray-cluster\n")

    def test_a_read_only_image_has_it_among_the_packages_of_the_user(self) -> None:
        own = self.folder / "user"
        written = unpack_files.write

        def write(path: Path, content: bytes) -> None:
            if self.folder not in path.parents:
                raise OSError(errno.EROFS, "Read-only file system")
            written(path, content)

        with (
            mock.patch.object(unpack_files, "write", write),
            mock.patch.object(site, "getusersitepackages", lambda: str(own)),
            mock.patch.dict(os.environ),
        ):
            with mock.patch.object(site, "ENABLE_USER_SITE", True):
                unpack_files.make_importable("/opt/x")
            self.assertEqual((own / "ray-cluster.pth").read_text(), "/opt/x\n")
            # A virtual environment does not look there.
            with mock.patch.object(site, "ENABLE_USER_SITE", False), self.assertRaises(OSError):
                unpack_files.make_importable("/opt/x")


class MachineTest(UnpackTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.folder / "root"

    def unpack(self, files: dict[str, str]) -> None:
        self.write_bundle(files)
        unpack_files.main(["--host", str(self.bundle), str(self.root)])

    def test_only_files_of_the_machine_are_written_and_scripts_are_executable(self) -> None:
        self.unpack({"host:/a/b.sh": "echo", "host:/a/c.py": "pass", "/opt/x.py": "\u00e4"})
        self.assertEqual((self.root / "a/b.sh").read_text(), "echo")
        self.assertTrue(os.access(self.root / "a/b.sh", os.X_OK))
        self.assertFalse((self.root / "a/c.py").stat().st_mode & 0o111)
        self.assertFalse((self.root / "opt").exists())

    def test_a_running_program_is_replaced_and_not_modified(self) -> None:
        self.unpack({"host:/a/b.sh": "echo 1"})
        with (self.root / "a/b.sh").open() as running:
            self.unpack({"host:/a/b.sh": "echo 2"})
            self.assertEqual(running.read(), "echo 1")
        self.assertEqual((self.root / "a/b.sh").read_text(), "echo 2")
        self.assertEqual([path.name for path in (self.root / "a").iterdir()], ["b.sh"])


class UsageTest(unittest.TestCase):
    def test_missing_arguments_print_the_usage(self) -> None:
        for arguments in ([], ["bundle"], ["--host"], ["--host", "bundle", "/", "more"]):
            with self.subTest(arguments), self.assertRaisesRegex(SystemExit, "usage:"):
                unpack_files.main(arguments)


if __name__ == "__main__":
    unittest.main()
