import tempfile
import unittest
from pathlib import Path
from unittest import mock

import support

from ray_node.cluster import environment, shell_files
from ray_node.host.address import LocalAddress
from ray_node.host.failure import NodeFailed

#: As Debian and Ubuntu begin theirs.
INTERACTIVE_ONLY = '[ -z "$PS1" ] && return\ncase $- in *i*) ;; *) return ;; esac\n'


class ShellFilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.base = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/cann/lib64", "KEPT": "as it is"}

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_variables_of_a_file_for_interactive_shells_are_found(self) -> None:
        path = self.file(
            ".bashrc",
            f'{INTERACTIVE_ONLY}echo "Welcome: NAME=banner"; echo oh >&2\n'
            "export LD_LIBRARY_PATH=/nnal/lib:$LD_LIBRARY_PATH ATB_HOME_PATH='/nnal/a b'\n"
            "export LINES_OF=$'one\\ntwo'\nOWN=not-exported\nalias ls=never\n",
        )
        expected = {
            "LD_LIBRARY_PATH": "/nnal/lib:/cann/lib64",
            "ATB_HOME_PATH": "/nnal/a b",
            "LINES_OF": "one\ntwo",
        }
        self.assertEqual(shell_files.read([path], self.base), expected)

    def test_each_file_is_read_over_those_before_it(self) -> None:
        first = self.file("set_env.sh", "export HOME_OF_CANN=/cann; export A=1\n")
        second = self.file("atb.sh", "export ATB=$HOME_OF_CANN/atb A=2\n")
        expected = {"HOME_OF_CANN": "/cann", "A": "2", "ATB": "/cann/atb"}
        self.assertEqual(shell_files.read([first, second], self.base), expected)

    def test_no_file_runs_nothing(self) -> None:
        with mock.patch("ray_node.host.tool.ask", side_effect=AssertionError):
            self.assertEqual(shell_files.read([], self.base), {})

    def test_file_that_is_missing_or_cannot_be_read_fails_the_node(self) -> None:
        for path, said in (
            (str(self.folder / "gone.sh"), "the image has no shell file .*gone.sh; correct shellFiles"),
            (
                self.file("exits.sh", "echo 'no CANN here'; exit 3\n"),
                "exits.sh cannot be read: .*no CANN here",
            ),
            (self.file("becomes.sh", "exec true\n"), "becomes.sh cannot be read"),
        ):
            with self.subTest(path), self.assertRaisesRegex(NodeFailed, said):
                shell_files.read([path], self.base)

    def test_file_that_hangs_fails_the_node(self) -> None:
        path = self.file("hangs.sh", "exec sleep 60\n")
        impatient = mock.patch.object(shell_files, "_TIMEOUT_SECONDS", 0.2)
        with impatient, self.assertRaisesRegex(NodeFailed, "no answer within"):
            shell_files.read([path], self.base)

    def test_ray_and_engine_have_them_and_the_declaration_goes_before(self) -> None:
        path = self.file(
            ".bashrc", "export LD_LIBRARY_PATH=/nnal/lib:$LD_LIBRARY_PATH LD_PRELOAD=/jemalloc.so\n"
        )
        config = support.parsed(
            {
                "environment.shellFiles": [path],
                "environment.cluster": {"LD_LIBRARY_PATH": "/own/lib"},
                "environment.node": {},
            }
        )
        built = environment.build(config, LocalAddress("eth7", "10.89.28.10"), self.base)
        for process in (built.ray, built.engine):
            self.assertEqual(process["LD_LIBRARY_PATH"], "/own/lib:/nnal/lib:/cann/lib64")
            self.assertEqual((process["LD_PRELOAD"], process["KEPT"]), ("/jemalloc.so", "as it is"))
        expected = {"LD_LIBRARY_PATH": "/nnal/lib:/cann/lib64", "LD_PRELOAD": "/jemalloc.so"}
        self.assertEqual(built.recorded["image"], expected)


if __name__ == "__main__":
    unittest.main()
