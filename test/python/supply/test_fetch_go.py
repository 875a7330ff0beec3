"""fetch_go against a real HTTP server on loopback."""

import functools
import hashlib
import http.server
import io
import os
import tempfile
import threading
import unittest
import zipfile
from contextlib import redirect_stderr
from pathlib import Path

import fetch_go

PREFIX = "golang.org/toolchain@v0.0.1-go1.25.14.linux-amd64/"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class FetchGo(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        handler = functools.partial(Quiet, directory=scratch.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def archive(self, files: dict[str, str]) -> tuple[str, str]:
        """Address and SHA-256 of a served zip."""
        path = self.folder / "toolchain.zip"
        with zipfile.ZipFile(path, "w") as content:
            for name, text in files.items():
                content.writestr(name, text)
        address = f"http://127.0.0.1:{self.server.server_port}/toolchain.zip"
        return address, hashlib.sha256(path.read_bytes()).hexdigest()

    def test_unpacks_without_the_prefix_and_marks_programs(self) -> None:
        url, sha256 = self.archive(
            {
                PREFIX + "VERSION": "go1.25.14",
                PREFIX + "bin/go": "program",
                PREFIX + "pkg/tool/linux_amd64/compile": "program",
                PREFIX + "pkg/include/asm.h": "text",
            }
        )
        root = self.folder / "go"
        self.assertEqual(fetch_go.main(url, sha256, str(root)), 0)
        found = {
            str(path.relative_to(root)): os.access(path, os.X_OK)
            for path in root.rglob("*")
            if path.is_file()
        }
        self.assertEqual(
            found,
            {
                "VERSION": False,
                "bin/go": True,
                "pkg/tool/linux_amd64/compile": True,
                "pkg/include/asm.h": False,
            },
        )
        self.assertFalse((self.folder / "go.zip").exists())

    def test_unpacks_nothing_of_another_content_than_expected(self) -> None:
        url, _ = self.archive({PREFIX + "bin/go": "program"})
        root = self.folder / "go"
        with redirect_stderr(io.StringIO()) as said:
            self.assertEqual(fetch_go.main(url, "0" * 64, str(root)), 1)
        self.assertIn("expected " + "0" * 64, said.getvalue())
        self.assertFalse(root.exists())

    def test_writes_nothing_outside_the_folder(self) -> None:
        url, sha256 = self.archive({PREFIX + "../../escaped": "x", PREFIX + "VERSION": "go"})
        root = self.folder / "inner" / "go"
        root.parent.mkdir()
        self.assertEqual(fetch_go.main(url, sha256, str(root)), 0)
        self.assertEqual([path.name for path in self.folder.rglob("escaped")], [])


if __name__ == "__main__":
    unittest.main()
