"""A worker's process of the engine, without the worker."""

import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import support

from ray_node.agent import follower
from ray_node.agent.follower import Follower
from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.config.load import parse

#: Says its arguments, starts a child that outlives it, and does as told by its first argument.
PROGRAM = """
import signal, subprocess, sys, time
print(sys.argv[1:], flush=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", sys.argv[2]])
if sys.argv[1] == "fail":
    print("  out of memory", flush=True)
    sys.exit(9)
if sys.argv[1] == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(300)
"""


class FollowerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.news = 0
        quiet = mock.patch("ray_node.host.log.line")
        quiet.start()
        self.addCleanup(quiet.stop)

    def make(self, how: str, argv: list[str] | None = None, **changes: Any) -> Follower:
        command = argv or [sys.executable, "-c", PROGRAM, how, str(self.folder)]
        settings = parse(
            support.on_loopback(
                self.folder,
                engine__follower={"argv": command, "rankFlag": "--node-rank"},
                **{"deadlines__stop": 0.6, **changes},
            )
        )
        made = Follower(settings, "npu-1", self.note)
        made.use(support.workload_of(settings).engine, dict(os.environ))
        self.addCleanup(made.stop)
        return made

    def note(self) -> None:
        self.news += 1

    def output(self) -> str:
        try:
            return (self.folder / "log" / "engine-npu-1.log").read_text(encoding="utf-8")
        except OSError:
            return ""

    def processes(self) -> list[str]:
        """Command lines of this test's processes."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(self.folder) in words:
                found.append(words)
        return found

    def expect_none_left(self) -> None:
        """What it had started is ended, too; the kernel takes a moment to clear a killed process away."""
        support.await_that(lambda: self.processes() == [], self.processes, 5)

    def ended(self, made: Follower, run: RunDirective) -> FollowerReport:
        def over() -> bool:
            made.obey(run)
            report = made.report()
            return report is not None and report.state == "ended"

        support.await_that(over, made.report)
        report = made.report()
        assert report is not None
        return report

    def test_follower_runs_while_the_head_directs_it(self) -> None:
        made = self.make("stay")
        made.obey(None)
        self.assertIsNone(made.report())
        for _ in range(3):
            made.obey(RunDirective(4, 2))
        self.assertEqual(made.report(), FollowerReport(4, "running"))
        self.assertEqual(made.published(), {"rank": 2, "attempt": 4, "state": "running", "reason": None})
        support.await_that(lambda: "ready" in self.output(), self.output)
        self.assertIn(f"['stay', '{self.folder}', '--node-rank', '2']", self.output())
        self.assertEqual(self.output().count("ready"), 1)
        made.obey(None)
        self.assertEqual((made.report(), made.published()), (None, None))
        self.expect_none_left()
        self.assertEqual(self.news, 2)

    def test_follower_has_the_secrets_as_variables_and_nowhere_else(self) -> None:
        value = "wandb-secret-value"
        file = self.folder / "environment.WANDB_API_KEY"
        file.write_text(value + "\n", encoding="utf-8")
        program = (
            "import os, sys, time; print('key', os.environ['WANDB_API_KEY'], flush=True); time.sleep(300)"
        )
        made = self.make(
            "",
            [sys.executable, "-c", program, str(self.folder)],
            engine__secrets={"WANDB_API_KEY": str(file)},
        )
        made.obey(RunDirective(1, 1))
        support.await_that(lambda: "key" in self.output(), self.output)
        self.assertIn("key <secret>", self.output())
        self.assertNotIn(value, " ".join(self.processes()))
        self.assertNotIn("WANDB_API_KEY", os.environ)

    def test_follower_whose_secret_cannot_be_read_has_ended_with_that_reason(self) -> None:
        missing = str(self.folder / "missing")
        made = self.make("stay", engine__secrets={"WANDB_API_KEY": missing})
        report = self.ended(made, RunDirective(1, 1))
        why = f"the secret WANDB_API_KEY cannot be read: {missing}: No such file or directory"
        self.assertEqual(report.reason, f"cannot be started: {why}")
        self.assertEqual(self.processes(), [])

    def test_end_of_the_process_is_reported_with_its_last_lines(self) -> None:
        made = self.make("fail")
        report = self.ended(made, RunDirective(1, 1))
        self.assertEqual(report.reason, "exited with code 9: out of memory")
        self.assertEqual(report.lines[-1], "  out of memory")
        self.assertLess(report.ended_seconds_ago or 99, 5)
        self.expect_none_left()
        before = self.news
        time.sleep(0.1)
        made.obey(RunDirective(1, 1))
        again = made.report()
        assert again is not None
        self.assertEqual((again.state, self.news), ("ended", before), "it is not started again")
        self.assertGreater(again.ended_seconds_ago or 0, report.ended_seconds_ago or 0)

    def test_end_of_the_process_is_reported_with_the_error_before_its_last_lines(self) -> None:
        program = (
            "import sys; print('OSError: no GPU\\nRuntimeError: stopped\\nbye', flush=True); sys.exit(3)"
        )
        made = self.make("", [sys.executable, "-c", program])
        report = self.ended(made, RunDirective(1, 1))
        self.assertEqual(report.reason, "exited with code 3: OSError: no GPU")

    def test_follower_that_ended_since_the_last_look_is_reported_as_ended(self) -> None:
        made = self.make("fail")
        made.obey(RunDirective(1, 1))
        process = made._process
        assert process is not None
        support.await_that(lambda: process.ended is not None, made.report)
        report = made.report()
        assert report is not None
        self.assertEqual((report.state, report.reason), ("ended", "exited with code 9: out of memory"))

    def test_killed_process_is_reported_with_the_signal(self) -> None:
        made = self.make("stay")
        run = RunDirective(1, 1)
        made.obey(run)
        assert made._process is not None
        os.kill(made._process.process.pid, signal.SIGKILL)
        self.assertTrue((self.ended(made, run).reason or "").startswith("was killed by SIGKILL"))

    def test_another_attempt_replaces_the_process(self) -> None:
        made = self.make("stay")
        made.obey(RunDirective(1, 1))
        assert made._process is not None
        first = made._process.process
        made.obey(RunDirective(2, 1))
        self.assertIsNotNone(first.exit_code)
        self.assertEqual(made.report(), FollowerReport(2, "running"))

    def test_process_that_ignores_sigterm_is_killed(self) -> None:
        made = self.make("hang")
        made.obey(RunDirective(1, 1))
        support.await_that(lambda: "ready" in self.output(), self.output)
        before = time.monotonic()
        states = []

        def pause(seconds: float) -> None:
            report = made.report()
            states.append(report.state if report else None)
            time.sleep(seconds)

        made.obey(None, pause)
        self.assertGreater(time.monotonic() - before, 0.25)
        self.assertLess(time.monotonic() - before, 10)
        self.assertEqual(set(states), {"running"}, "it runs until it is gone")
        self.assertIsNone(made.report())
        self.expect_none_left()

    def test_interrupted_stop_is_finished_by_the_next(self) -> None:
        made = self.make("hang")
        made.obey(RunDirective(1, 1))
        support.await_that(lambda: "ready" in self.output(), self.output)
        with self.assertRaises(KeyError):
            made.obey(None, mock.Mock(side_effect=KeyError))
        self.assertIsNotNone(made.report())
        made.stop()
        self.expect_none_left()

    def test_close_reports_the_end_before_the_process_stops(self) -> None:
        made = self.make("hang")
        made.obey(RunDirective(1, 1))
        support.await_that(lambda: "ready" in self.output(), self.output)
        told = []

        def pause(seconds: float) -> None:
            report = made.report()
            told.append((report.reason if report else None, len(self.processes()) > 0))
            time.sleep(seconds)

        made.close(pause)
        self.assertEqual(told[0], ("was stopped with its node", True))
        self.expect_none_left()

    def test_command_that_does_not_exist_is_reported(self) -> None:
        made = self.make("", ["/no/such/engine"])
        report = self.ended(made, RunDirective(1, 1))
        self.assertEqual(report.reason, "cannot be started: /no/such/engine: No such file or directory")

    def test_missing_working_directory_is_reported(self) -> None:
        made = self.make("stay", engine__workingDirectory="/no/such/folder")
        report = self.ended(made, RunDirective(1, 1))
        self.assertEqual(report.reason, "cannot be started: its folder /no/such/folder does not exist")

    def test_log_path_lies_beside_the_heads_log(self) -> None:
        self.assertEqual(follower.log_path("/var/log/x/engine.log", "npu-1"), "/var/log/x/engine-npu-1.log")


if __name__ == "__main__":
    unittest.main()
