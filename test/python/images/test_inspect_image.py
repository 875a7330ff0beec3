from __future__ import annotations

import json
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import inspect_image


class ShellFilesTest(unittest.TestCase):
    def found(self, text: str) -> bool:
        with TemporaryDirectory() as folder:
            path = Path(folder, ".bashrc")
            path.write_text(text)
            with mock.patch.object(inspect_image, "SHELL_FILES", (f"{folder}/.bash*",)):
                return inspect_image.shell_files() == [str(path)]

    def test_are_those_that_set_variables_or_read_what_does(self) -> None:
        for text, sets in [
            ("export LD_LIBRARY_PATH=/usr/local/Ascend/lib64:$LD_LIBRARY_PATH\n", True),
            ("  source /usr/local/Ascend/ascend-toolkit/set_env.sh\n", True),
            (". /usr/local/Ascend/nnal/atb/set_env.sh --cxx_abi=1\n", True),
            ("# export LS_OPTIONS='--color=auto'\n", False),
            ("alias ll='ls -l'\n[ -f ~/.bash_aliases ] && . ~/.bash_aliases\n", False),
            ("", False),
        ]:
            with self.subTest(text):
                self.assertIs(self.found(text), sets)


class ProgramTest(unittest.TestCase):
    def test_prints_one_line_when_it_comes_from_standard_input(self) -> None:
        program = Path(inspect_image.__file__).read_text()
        done = subprocess.run(
            [sys.executable, "-"], input=program, capture_output=True, text=True, check=True
        )
        (line,) = done.stdout.splitlines()
        found = json.loads(line)
        self.assertEqual(found["python"], ".".join(map(str, sys.version_info[:3])))
        self.assertEqual(found["packages"].get("ray"), inspect_image.versions().get("ray"))


if __name__ == "__main__":
    unittest.main()
