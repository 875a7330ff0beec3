import functools
import os
import socket
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import simulated_clock
import simulated_engines
import simulated_process
import support
from simulated_process import SimulatedProcess, stay

from ray_node.config.load import parse
from ray_node.engine import process as engine
from ray_node.engine.api import EngineClient
from ray_node.engine.process import EngineLog
from ray_node.engine.run import EngineRun
from ray_node.host import clock, steps
from ray_node.host.failure import EngineFailed, MembershipLost
from ray_node.host.steps import Steps

T = TypeVar("T")


class EngineLogTest(unittest.TestCase):
    def test_log_that_grows_is_put_aside_once(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(engine, "_LOG_BYTES", 100):
            path = Path(folder) / "log" / "engine.log"
            written = EngineLog(str(path))
            for index in range(40):
                written.write(f"line {index}")
            self.assertEqual(
                sorted(item.name for item in path.parent.iterdir()), ["engine.log", "engine.log.1"]
            )
            self.assertLess(path.stat().st_size, 120)
            self.assertIn("line 39", path.read_text(encoding="utf-8"))

    def test_log_on_a_full_disk_loses_lines_only(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            written = EngineLog(f"{folder}/engine.log")
            with mock.patch("builtins.open", side_effect=OSError(28, "No space left on device")):
                written.write("x")


class RunCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.waits: list[str] = []
        self.lost = False
        quiet = mock.patch("ray_node.host.log.line")
        self.lines = quiet.start()
        self.addCleanup(quiet.stop)
        output = mock.patch("ray_node.host.log.raw")
        self.output = output.start()
        self.addCleanup(output.stop)

    def start(self, engine_arguments: list[str] | None = None, **changes: Any) -> EngineRun:
        settings = parse(support.on_loopback(self.folder, engine_arguments, **changes))
        workload = support.workload_of(settings)
        assert workload.engine.api is not None
        run = EngineRun(
            workload,
            workload.engine.api,
            settings.head.address,
            dict(os.environ),
            EngineLog(settings.paths.engine_log),
            lambda what, deadline: self.waits.append(what),
        )
        self.addCleanup(lambda: steps.drive(run.stopping(2), clock.sleep))
        return run

    def drive(self, work: Steps[T]) -> T:
        return steps.drive(work, self.pause)

    def pause(self, seconds: float) -> None:
        clock.sleep(seconds)
        if self.lost:
            raise MembershipLost("npu-1 left")

    def broken(self, how: str) -> None:
        (self.folder / "break").write_text(how, encoding="utf-8")


class RealProcessTest(RunCase):
    """What only a process of its own shows."""

    def test_engine_on_another_port_is_told_where_it_listens(self) -> None:
        other = support.free_ports(1)[0]
        program = [sys.executable, str(support.FIXTURES / "tiny_engine.py"), "--port", str(other)]
        run = self.start(deadlines__engine=0.5, engine__argv=program)
        path = self.folder / "log" / "engine.log"
        support.await_that(path.exists, lambda: "no output yet")
        with self.assertRaises(EngineFailed) as caught:
            self.drive(run.await_healthy())
        self.assertRegex(
            caught.exception.reason,
            r"^the engine did not answer /health within 0 s: nothing listens on port \d+ \(for \d s; "
            rf"the engine's process is running; it listens on 0\.0\.0\.0:{other}, not on 127\.0\.0\.1:\d+\)$",
        )
        self.assertEqual(caught.exception.log_lines, [f"serving on {other}"])

    def test_engine_that_exits_fails_at_once_with_its_last_lines(self) -> None:
        run = self.start(["--exit-at-once"])
        with self.assertRaises(EngineFailed) as caught:
            self.drive(run.await_healthy())
        self.assertEqual(caught.exception.reason, "the engine exited with code 7")
        self.assertEqual(caught.exception.log_lines, ["cannot find the model"])

    def test_engine_that_is_killed_has_no_other_cause(self) -> None:
        program = "import os; print('RuntimeError: a rank is lost', flush=True); os.kill(os.getpid(), 9)"
        run = self.start(engine__argv=[sys.executable, "-c", program])
        with self.assertRaises(EngineFailed) as caught:
            self.drive(run.await_healthy())
        self.assertEqual(caught.exception.reason, "the engine was killed by SIGKILL")


def mute(process: SimulatedProcess) -> int:
    """Takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", int(process.argv[1])))
    process.hold(listener.close)
    return stay(process)


class EngineRunTest(RunCase):
    def setUp(self) -> None:
        simulated_clock.install(self)
        super().setUp()
        simulated_process.install(self, {"tiny_engine.py": simulated_engines.tiny, "mute": mute})

    def test_engine_that_serves_is_proved_by_an_answer(self) -> None:
        run = self.start()
        self.drive(run.await_healthy())
        proof = self.drive(run.prove())
        self.assertEqual(proof.text, "0 of 0 ranks")
        self.assertLess(proof.seconds, 20)
        self.assertEqual(len(self.waits), 2)
        self.assertIn("serving on", (self.folder / "log" / "engine.log").read_text(encoding="utf-8"))
        self.assertTrue(any("engine | serving on" in str(call) for call in self.output.call_args_list))

    def test_engine_that_ends_fails_at_once_with_its_last_lines(self) -> None:
        run = self.start(["--exit-at-once"])
        before = clock.monotonic()
        with self.assertRaises(EngineFailed) as caught:
            self.drive(run.await_healthy())
        self.assertLess(clock.monotonic() - before, 1)
        self.assertEqual(caught.exception.reason, "the engine exited with code 7")
        self.assertEqual(caught.exception.log_lines, ["cannot find the model"])

    def test_engine_that_cannot_be_started_names_the_program(self) -> None:
        with self.assertRaisesRegex(EngineFailed, "cannot be started: /no/such: No such file"):
            self.start(**{"engine.argv": ["/no/such"]})

    def test_engine_that_stays_unhealthy_fails_at_its_deadline(self) -> None:
        self.broken("sick")
        run = self.start(deadlines__engine=1.5)
        said = r"did not answer /health within 2 s: it answers HTTP 503: .* \(for \d s\)$"
        with self.assertRaisesRegex(EngineFailed, said):
            self.drive(run.await_healthy())

    def test_engine_that_accepts_and_stays_silent_is_told_so(self) -> None:
        api = support.free_ports(1)[0]
        run = self.start(deadlines__engine=1, engine__api__port=api, engine__argv=["mute", str(api)])
        short = functools.partialmethod(EngineClient.health_problem, timeout_seconds=0.3)
        said = r"it accepts connections but did not answer within 0.3 s \(for"
        with (
            mock.patch.object(EngineClient, "health_problem", short),
            self.assertRaisesRegex(EngineFailed, said),
        ):
            self.drive(run.await_healthy())

    def test_engine_without_its_folder_is_not_started(self) -> None:
        with self.assertRaisesRegex(EngineFailed, "cannot be started: its folder /no/such does not exist"):
            self.start(engine__workingDirectory="/no/such")

    def test_answer_that_is_wrong_or_late_fails(self) -> None:
        run = self.start(deadlines__completion=1)
        self.drive(run.await_healthy())
        self.broken("wrong")
        with self.assertRaisesRegex(EngineFailed, "must contain '0 of 0 ranks', got 'something else'"):
            self.drive(run.prove())
        self.broken("silent")
        with self.assertRaisesRegex(
            EngineFailed, "no answer to POST /v1/chat/completions(: it accepts connections| within 1 s)"
        ):
            self.drive(run.prove())

    def test_watch_fails_after_three_misses(self) -> None:
        run = self.start()
        self.drive(run.await_healthy())
        self.broken("sick")
        with self.assertRaisesRegex(EngineFailed, "has not answered /health 3 times: it answers HTTP 503"):
            self.drive(run.watch())
        misses = [call for call in self.lines.call_args_list if "miss" in str(call)]
        self.assertEqual(len(misses), 3)

    def test_watch_fails_at_the_end_of_the_process(self) -> None:
        run = self.start()
        self.drive(run.await_healthy())
        self.broken("exit")
        with self.assertRaises(EngineFailed) as caught:
            self.drive(run.watch())
        self.assertEqual(caught.exception.reason, "the engine exited with code 3")
        self.assertIn("engine breaks on purpose", caught.exception.log_lines)

    def test_wait_of_any_kind_ends_when_a_member_is_lost(self) -> None:
        run = self.start()
        self.lost = True
        with self.assertRaises(MembershipLost):
            self.drive(run.await_healthy())
        with self.assertRaises(MembershipLost):
            self.drive(run.prove())
        with self.assertRaises(MembershipLost):
            self.drive(run.watch())

    def test_health_probe_ignores_proxies_of_the_environment(self) -> None:
        run = self.start()
        with mock.patch.dict(
            os.environ, {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
        ):
            self.drive(run.await_healthy())

    def test_wait_past_its_deadline_fails(self) -> None:
        with mock.patch.object(clock.Deadline, "passed", True):
            run = self.start()
            with self.assertRaisesRegex(EngineFailed, "did not answer /health"):
                self.drive(run.await_healthy())


if __name__ == "__main__":
    unittest.main()
