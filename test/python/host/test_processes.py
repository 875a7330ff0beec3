import os
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

import support

from ray_node.host import processes
from ray_node.host.processes import ManagedProcess

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class ProcessesTest(unittest.TestCase):
    def start(self, script: str) -> ManagedProcess:
        process = ManagedProcess(["sh", "-c", script], os.environ)
        self.addCleanup(process.stop, 0)
        return process

    def test_process_passes_its_lines_on_and_keeps_the_last(self) -> None:
        lines: list[str] = []
        process = ManagedProcess(["sh", "-c", "echo a; echo b >&2; exit 3"], os.environ, lines.extend)
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        self.assertEqual(process.tail(), ["a", "b"])
        self.assertEqual(process.tail(1), ["b"])
        self.assertEqual(lines, ["a", "b"])
        self.assertEqual(process.exit_code, 3)

    def test_ended_at_is_exact_however_late_it_is_read(self) -> None:
        before = time.monotonic()
        process = self.start("sleep 0.2")
        self.assertIsNone(process.ended_at)
        time.sleep(1.0)
        ended = process.ended_at
        assert ended is not None
        self.assertLess(ended, time.monotonic() - 0.2)
        self.assertGreater(ended, before)
        self.assertEqual(process.exit_code, 0)

    def test_process_runs_in_its_folder(self) -> None:
        process = ManagedProcess(["pwd"], os.environ, folder="/proc")
        self.addCleanup(process.stop, 0)
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        self.assertEqual(process.tail(), ["/proc"])

    def test_output_that_is_not_utf8_is_read_on(self) -> None:
        process = self.start("printf '\\377\\n'; echo after")
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        self.assertEqual(process.tail(1), ["after"])

    def test_line_that_never_ends_is_cut_and_the_child_goes_on(self) -> None:
        script = "import sys; sys.stdout.write('x' * (40 << 20)); sys.stdout.write('\\nafter\\rlast')"
        process = ManagedProcess([sys.executable, "-c", script], os.environ)
        self.addCleanup(process.stop, 0)
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        first, *others = process.tail()
        self.assertEqual(others, ["after", "last"])
        self.assertEqual(len(first.partition("...")[0]), 8 * 1024)
        self.assertIn("left out", first)

    def test_reader_that_fails_holds_up_nobody(self) -> None:
        def fails(_: list[str]) -> None:
            raise RuntimeError("x")

        with mock.patch("ray_node.host.log.line"):
            process = ManagedProcess(["sh", "-c", "echo a; echo b"], os.environ, fails)
            support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
            self.assertEqual(process.tail(), ["a", "b"])

    def test_stop_ends_a_daemon_whose_parent_ended_long_ago(self) -> None:
        """It has a session of its own, no parent, and the leader is dead when somebody looks."""
        script = "setsid sh -c 'setsid sleep 1000 & echo $!' & wait; sleep 0.2"
        process = ManagedProcess(["sh", "-c", script], os.environ)
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        (pid,) = map(int, process.tail())
        self.assertTrue(is_running(pid))
        process.stop(0)
        support.await_that(lambda: not is_running(pid), lambda: "still runs")

    def test_stop_sends_sigterm_first(self) -> None:
        process = self.start("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
        support.await_that(lambda: process.tail() == ["ready"], process.tail)
        process.stop(5)
        self.assertEqual((process.exit_code, process.tail(1)), (0, ["bye"]))

    def test_stop_kills_a_process_that_ignores_sigterm(self) -> None:
        process = self.start(STUBBORN)
        support.await_that(lambda: process.tail() == ["ready"], process.tail)
        before = time.monotonic()
        process.stop(0.3)
        self.assertLess(time.monotonic() - before, 20)
        self.assertEqual(process.exit_code, -9)

    def test_stop_ends_all_descendants(self) -> None:
        """Neither a child in its group nor one that went into a session of its own (Ray's workers do)."""
        script = (
            "import subprocess, sys, time\n"
            "one = subprocess.Popen(['sleep', '300'])\n"
            "two = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
            "print(one.pid, two.pid, flush=True)\n"
            "time.sleep(300)\n"
        )
        process = ManagedProcess([sys.executable, "-c", script], os.environ)
        support.await_that(lambda: bool(process.tail()), process.tail)
        pids = [int(word) for word in process.tail()[0].split()]
        self.assertEqual(sorted(processes.descendants(process.pid)), sorted(pids))
        process.stop(2)
        support.await_that(lambda: not any(map(is_running, pids)), lambda: pids)

    def test_stop_ends_children_of_a_process_that_died(self) -> None:
        process = self.start("sleep 300 & echo $!; exit 1")
        support.await_that(lambda: process.exit_code is not None, lambda: "still runs")
        pid = int(process.tail()[0])
        self.assertTrue(is_running(pid))
        process.stop(0)
        support.await_that(lambda: not is_running(pid), lambda: pid)

    def test_interrupted_stop_can_be_finished(self) -> None:
        process = self.start(STUBBORN)
        support.await_that(lambda: process.tail() == ["ready"], process.tail)

        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            process.stop(5, interrupted)
        self.assertIsNone(process.exit_code)
        process.stop(0)
        self.assertEqual(process.exit_code, -9)

    def test_describe_exit(self) -> None:
        cases = [
            (None, "still runs"),
            (0, "exited with code 0"),
            (-9, "was killed by SIGKILL"),
            (-99, "was killed by signal 99"),
        ]
        for code, text in cases:
            self.assertEqual(processes.describe_exit(code), text)


if __name__ == "__main__":
    unittest.main()
