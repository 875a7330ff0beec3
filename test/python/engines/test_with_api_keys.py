"""The launcher that hands API keys to an engine: with real processes, whose command lines are read."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import support

LAUNCHER = support.ROOT / "lib" / "engines" / "with_api_keys.py"
#: A console script as pip writes it.
PROGRAM = """#!{python}
import sys
if __name__ == "__main__":
    print(sys.argv[1:])
    print(open("/proc/self/cmdline").read().replace(chr(0), " "))
    print(sorted(name for name in __import__("os").environ if "KEY" in name))
"""


class WithApiKeysTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "api-keys"
        program = self.folder / "serve"
        program.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)

    def launch(self, *argv: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}:{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, str(LAUNCHER), "api-key", str(self.file), *argv],
            env={"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_program_sees_the_keys_and_the_kernel_does_not(self) -> None:
        self.file.write_text("first-key\n\n second-key \n", encoding="utf-8")
        done = self.launch("serve", "m", "--port", "1")
        seen, command, variables = done.stdout.splitlines()
        self.assertEqual(seen, "['m', '--port', '1', '--api-key', 'first-key', 'second-key']")
        self.assertIn("serve m --port 1", command)
        self.assertNotIn("-key ", command.replace("api-key ", "").replace("api-keys ", ""))
        self.assertEqual((variables, done.returncode), ("[]", 0))

    def test_file_that_cannot_be_used_is_named(self) -> None:
        for content, said in (
            (None, "cannot be read: .*api-keys: No such file"),
            ("\n", "is empty: .*api-keys"),
            ("--help\n", "must not begin with '-'"),
        ):
            with self.subTest(said=said):
                if content is not None:
                    self.file.write_text(content, encoding="utf-8")
                done = self.launch("serve")
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, said)

    def test_program_that_is_not_in_path_is_named(self) -> None:
        self.file.write_text("k\n", encoding="utf-8")
        self.assertRegex(self.launch("no-such-program").stderr, "no-such-program is not in PATH")


if __name__ == "__main__":
    unittest.main()
