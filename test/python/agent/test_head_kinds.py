"""What the head does with a job, and with a cluster on which nothing is to run."""

import signal
import stat
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import support
from head_case import WHOLE, FakeReader, HeadCase, seen
from simulated_process import Program, SimulatedProcess

from ray_node.agent import state
from ray_node.cli import wait
from ray_node.host import clock


def job(process: SimulatedProcess) -> int:
    """Notes that it ran, then does what the file named by its argument says."""
    control = Path(process.argv[1])
    with open(f"{control}.runs", "a", encoding="utf-8") as file:
        file.write("run\n")
    process.say("step 1")
    if "WANDB_API_KEY" in process.environment:
        process.say(f"with {process.environment['WANDB_API_KEY']}")
    while not clock.wait(process.asked_to_end, 0.05):
        if control.exists():
            process.say("the job ends")
            return int(control.read_text(encoding="utf-8"))
    return -signal.SIGTERM


class KindCase(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        begun = mock.patch("ray_node.agent.head_engine._BEGUN_SECONDS", 0.3)
        begun.start()
        self.addCleanup(begun.stop)
        self.control = self.folder / "job"

    def programs(self) -> dict[str, Program]:
        return {"job.py": job}

    def start_job(self, **changes: Any) -> None:
        self.start_kind("job", ["job.py", str(self.control)], **changes)

    def start_kind(self, kind: str, argv: list[str], **changes: Any) -> None:
        of_kind = {"engine__kind": kind, "engine__api": None, "engine__argv": argv}
        value = support.changed(
            support.on_loopback(self.folder),
            {name.replace("__", "."): item for name, item in {**of_kind, **changes}.items()},
        )
        with mock.patch("support.on_loopback", return_value=value):
            self.start()

    def job_says(self, code: int) -> None:
        draft = self.folder / "draft"
        draft.write_text(str(code), encoding="utf-8")
        draft.rename(self.control)

    @property
    def runs(self) -> int:
        try:
            return len(Path(f"{self.control}.runs").read_text(encoding="utf-8").splitlines())
        except OSError:
            return 0

    def wait(self) -> int:
        return wait.run(self.config)

    def read(self) -> dict[str, Any]:
        return state.read(self.path) or {}


class JobTest(KindCase):
    def test_job_gets_its_secrets_and_no_log_shows_them(self) -> None:
        FakeReader.nodes = WHOLE
        secret = self.folder / "wandb"
        secret.write_text("value-of-wandb\n", encoding="utf-8")
        self.start_job(engine__secrets={"WANDB_API_KEY": str(secret)})
        self.until("running")
        written = Path(self.config.paths.engine_log).read_text(encoding="utf-8")
        self.assertIn("with <secret>", written)
        self.assertNotIn("value-of-wandb", written + Path(self.config.paths.state, "npu-0.json").read_text())
        self.job_says(0)

    def test_job_runs_and_succeeds(self) -> None:
        FakeReader.nodes = WHOLE
        self.start_job()
        running = self.until("running")
        self.assertEqual(running["job"]["exitCode"], None)
        self.assertIsNone(running["endpoint"])
        self.assertEqual(self.wait(), 0)
        self.assertIn("cluster 'local-2x8' is running its job after", self.printed[-1])
        self.job_says(0)
        succeeded = self.until("succeeded")
        self.assertEqual(self.wait(), 0)
        self.assertIn("cluster 'local-2x8' has finished its job after", self.printed[-1])
        job = succeeded["job"]
        self.assertEqual(job["exitCode"], 0)
        self.assertGreater(job["seconds"], 0)
        self.assertGreaterEqual(clock.epoch(job["endedAt"]) or 0, clock.epoch(job["startedAt"]) or 1e12)
        states = self.states()
        self.assertEqual(states, ["starting", "formed", "comparing", "loading", "running", "succeeded"])
        with self.subTest("a member that leaves changes nothing"):
            FakeReader.nodes = WHOLE[:1]
            support.await_that(lambda: not self.read()["members"][1]["ok"], self.read)
            self.assertEqual(self.read()["state"], "succeeded")
        with self.subTest("nor does another deployment"):
            state.request_retry(self.config.paths.state)
            support.await_that(lambda: not self.retry_file().exists(), self.read)
            self.assertEqual((self.read()["state"], self.runs), ("succeeded", 1))

    def retry_file(self) -> Path:
        return Path(self.config.paths.state) / "retry-request.json"

    def again(self, **changes: Any) -> None:
        """The head's container restarts."""
        self.end()
        Path(self.path).unlink()
        self.code.clear()
        self.start_job(**changes)

    def test_succeeded_job_is_not_run_again_by_a_new_head(self) -> None:
        FakeReader.nodes = WHOLE
        self.job_says(0)
        self.start_job()
        first = self.until("succeeded")
        FakeReader.nodes = WHOLE[:1]
        self.again()
        second = self.until("succeeded")
        self.assertEqual((second["job"], self.runs), (first["job"], 1))
        self.assertIn("succeeded at", second["reason"])
        FakeReader.nodes = WHOLE
        text = {"path": str(self.folder / "new.yaml"), "text": "another"}
        self.again(engine__texts=[text])
        self.until("succeeded")
        self.assertEqual(self.runs, 2)

    def test_failing_job_is_retried_within_the_budget(self) -> None:
        FakeReader.nodes = WHOLE
        self.job_says(3)
        self.start_job(retries__engineStarts=2)
        failed = self.until("failed")
        self.assertRegex(failed["reason"], r"^the job exited with code 3 after \d+ s \(2 times in a row\)$")
        self.assertEqual((failed["job"]["exitCode"], self.runs), (3, 2))
        self.assertEqual(failed["culprit"]["name"], "npu-0")
        self.assertEqual(failed["lastLogLines"], ["step 1", "the job ends"])
        with self.subTest("a node that comes back does not run it again"):
            FakeReader.nodes = WHOLE[:1]
            support.await_that(lambda: not self.read()["members"][1]["ok"], self.read)
            FakeReader.nodes = WHOLE
            support.await_that(lambda: bool(self.read()["members"][1]["ok"]), self.read)
            clock.sleep(0.5)
            self.assertEqual((self.read()["state"], self.runs), ("failed", 2))
        with self.subTest("the next deployment does"):
            self.job_says(0)
            state.request_retry(self.config.paths.state)
            self.until("succeeded")
            self.assertEqual(self.runs, 3)

    def test_wait_fails_with_the_job(self) -> None:
        FakeReader.nodes = WHOLE
        self.job_says(4)
        with mock.patch("ray_node.agent.readiness._RETRY_SECONDS", 0.0):
            self.start_job(retries__engineStarts=1)
            self.until("failed")
            (self.retry_file()).unlink(missing_ok=True)
            with mock.patch("ray_node.agent.state.request_retry"):
                self.assertEqual(self.wait(), 1)
        self.assertIn(
            "cluster 'local-2x8' is not running its job: the job exited with code 4", self.printed[-1]
        )
        self.assertIn("    the job ends", self.printed[-1])

    def test_job_that_loses_a_member_is_retried_within_the_budget(self) -> None:
        FakeReader.nodes = WHOLE
        self.start_job(retries__engineStarts=2)
        self.until("running")
        FakeReader.nodes = WHOLE[:1]
        degraded = self.until("degraded")
        self.assertEqual(degraded["culprit"]["name"], "npu-1")
        support.await_that(lambda: self.read()["job"]["endedAt"] is not None, self.read)
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, node_id="new"))
        self.until("running")
        self.assertEqual(self.runs, 2)
        FakeReader.nodes = WHOLE[:1]
        self.until("degraded")
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, node_id="newer"))
        failed = self.until("failed")
        self.assertIn("(2 times in a row)", failed["reason"])
        self.assertEqual(self.runs, 2)

    def test_job_gets_its_texts_and_working_directory(self) -> None:
        FakeReader.nodes = WHOLE
        text = self.folder / "new" / "roll.yaml"
        program = "import os; print(os.getcwd(), open('new/roll.yaml').read(), flush=True)"
        self.start_kind(
            "job",
            [sys.executable, "-c", program],
            engine__texts=[{"path": str(text), "text": "gpus: 8"}],
            engine__workingDirectory=str(self.folder),
        )
        self.until("succeeded")
        log = Path(self.config.paths.engine_log).read_text(encoding="utf-8")
        self.assertEqual(log, f"{self.folder} gpus: 8\n")
        self.assertEqual(stat.S_IMODE(text.stat().st_mode), 0o644)

    def test_job_that_cannot_be_started_fails_with_the_reason(self) -> None:
        FakeReader.nodes = WHOLE
        self.start_kind("job", ["/no/such/job"], retries__engineStarts=1)
        self.assertRegex(
            self.until("failed")["reason"], "^the job cannot be started: /no/such/job: No such file"
        )

    def test_stopping_head_stops_its_job(self) -> None:
        FakeReader.nodes = WHOLE
        self.start_job()
        self.until("running")
        self.end()
        self.assertEqual(self.code, [143])
        self.assertEqual(self.read()["job"]["exitCode"], -15)


class NoneTest(KindCase):
    def test_cluster_without_an_engine_is_ready_again_after_a_lost_member(self) -> None:
        FakeReader.nodes = WHOLE
        self.start_kind("none", [])
        ready = self.until("ready")
        self.assertEqual(self.states(), ["starting", "formed", "comparing", "ready"])
        self.assertIsNone(ready["endpoint"])
        self.assertEqual(self.wait(), 0)
        self.assertIn("cluster 'local-2x8' is ready after", self.printed[-1])
        self.assertNotIn("model:", self.printed[-1])
        FakeReader.nodes = WHOLE[:1]
        self.until("degraded")
        FakeReader.nodes = WHOLE
        self.until("ready")


class RequirementsOfTheImageTest(KindCase):
    def test_head_with_an_incomplete_image_fails_before_ray_starts(self) -> None:
        lacking = {"programs": ["no-such-program"], "pythonModules": [], "paths": ["/no/such"]}
        self.start_kind("none", [], engine__requires=lacking)
        support.join(self.thread)
        self.assertEqual(self.code, [1])
        self.assertEqual(
            self.read()["reason"],
            "this node's image lacks what the engine 'emulated' needs: "
            "program 'no-such-program', path /no/such",
        )
        self.assertEqual(self.head.ray_starts, 0)


if __name__ == "__main__":
    import unittest

    unittest.main()
