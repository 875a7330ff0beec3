import json
import unittest
from unittest import mock

import support

from ray_node.engine.cause import Cause, CauseWatch

#: As vLLM 0.11 prints it (vllm-project/vllm#26898, #36217): two processes, three tracebacks.
UNKNOWN_MODEL = support.ROOT / "test" / "fixtures" / "engine-output" / "vllm-unknown-model.log"
#: Lines of public reports, with words of their remedy.
REPORTED = support.ROOT / "test" / "fixtures" / "engine-output" / "reported.json"
#: What comes before each line of a worker's.
WORKER = "(VllmWorker rank=6 pid=223) ERROR 05-27 22:32:47 [multiproc_executor.py:522]"
MEMORY = "(raylet) 1 Workers (tasks / actors) killed due to memory pressure (OOM)"
SHARED = "h:1:2 [0] misc/shmutils.cc:129 NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x"


class CauseTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        clock = mock.patch("ray_node.host.clock.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.watch = CauseWatch()

    def after(self, output: str, is_fresh: bool = False) -> Cause | None:
        self.watch.note(output.splitlines())
        return self.watch.cause(is_fresh)

    def said(self, output: str) -> str:
        found = self.after(output)
        return "" if found is None else found.said

    def test_cause_is_the_error_before_those_that_follow_from_it(self) -> None:
        found = self.after(UNKNOWN_MODEL.read_text("utf-8"))
        assert found is not None
        self.assertEqual(
            found.said,
            "ValueError: The checkpoint you are trying to load has model type `qwen3_5` but Transformers "
            "does not recognize this architecture.",
        )
        self.assertTrue(str(found).endswith("is older than the model: use a newer image"), str(found))
        self.assertEqual((found.is_final, found.address), (True, None))

    def test_cause_of_each_reported_line_has_its_remedy(self) -> None:
        for reported in json.loads(REPORTED.read_text("utf-8"))["lines"]:
            with self.subTest(reported["line"]):
                self.watch = CauseWatch()
                found = self.after(reported["line"])
                fix = "" if found is None or found.symptom is None else found.symptom.fix
                self.assertEqual(fix != "", reported["fix"] is not None)
                self.assertIn(reported["fix"] or "", fix)

    def test_cause_without_a_known_remedy_is_the_error_alone(self) -> None:
        """Forms of vllm#17618, #5567 of legacy-rocm-build, lmdeploy#3292, torch's own."""
        direct = "The above exception was the direct cause of the following exception:"
        of_ray = "ray.exceptions.RayTaskError(ValueError): ray::W.f() (pid=1, ip=10.0.0.2)"
        cases = [
            ("ValueError: one of a kind", "ValueError: one of a kind"),
            ("(Worker_TP0 pid=7) AssertionError", "AssertionError"),
            (f"{WORKER} KeyError: 'x'", "KeyError: 'x'"),
            ("ERROR 02-19 18:44:51 engine.py:366] ValueError: old form", "ValueError: old form"),
            ("[rank1]: RuntimeError: of a rank", "RuntimeError: of a rank"),
            (
                "json.decoder.JSONDecodeError: Expecting value",
                "json.decoder.JSONDecodeError: Expecting value",
            ),
            ("RuntimeError: first\nRuntimeError: second", "RuntimeError: first"),
            (f"RuntimeError: cause\n{direct}\nOSError: told", "OSError: told"),
            ("(W pid=1, ip=10.0.0.2) OSError: x [repeated 7x across cluster]", "OSError: x"),
            ("OSError: x\nray.exceptions.ActorHandleNotFoundError: created in job 01000000", "OSError: x"),
            (f"{of_ray}\n  File x\nValueError: of Ray", "ValueError: of Ray"),
        ]
        for output, wanted in cases:
            with self.subTest(output):
                self.watch = CauseWatch()
                self.assertEqual(self.said(output), wanted)

    def test_what_is_no_cause(self) -> None:
        for output in (
            "",
            "serving on 8000",
            "Exception: WorkerProc initialization failed. See stack trace for root cause.",
            "ConnectionResetError: [Errno 104] Connection reset by peer",
            "(EngineCore_DP0 pid=59) INFO 10-15 08:31:00 [core.py:77] config: trust_remote_code=True",
            "WARNING 06-16 15:10:59 [x.py:21] ImportError('libx.so.12: cannot open shared object file')",
            "  raise ValueError('in a frame')",
            "Errors: 0",
        ):
            with self.subTest(output):
                self.watch = CauseWatch()
                self.assertIsNone(self.after(output))

    def test_known_error_counts_before_one_without_a_remedy(self) -> None:
        self.assertEqual(self.said(f"{MEMORY}\nRuntimeError: lost"), MEMORY)
        self.watch = CauseWatch()
        follows = "RuntimeError: NCCL error: unhandled system error"
        self.assertEqual(self.said(f"OSError: first\n{SHARED}\n{follows}"), SHARED)

    def test_errors_that_are_not_raised_are_told_by_torch_ray_and_python(self) -> None:
        """Forms of vllm-project/vllm#7074, #1091, sgl-project/sglang#3226."""
        for output in (
            "(W pid=1, ip=10.0.0.2) [rank8]:[E ProcessGroupGloo.cpp:144] Gloo connectFullMesh failed",
            "[rank10]:[E130 18:11:34.707542570 ProcessGroupGloo.cpp:143] Gloo connectFullMesh failed",
            "[2023-09-19 17:35:16,659 E 1450 3289] logging.cc:361: *** SIGBUS received at time=1 ***",
            "(RayWorker pid=1450) Fatal Python error: Bus error",
        ):
            with self.subTest(output):
                self.watch = CauseWatch()
                self.assertIsNotNone(self.after(output))
        self.watch = CauseWatch()
        self.assertIsNone(self.after("[rank8]:[W ProcessGroupGloo.cpp:721] connectFullMesh failed once"))
        self.assertIsNone(self.after("INFO [EngineCore_0] a SIGBUS received would be told"))

    def test_error_on_another_machine_has_its_address(self) -> None:
        """The second form is that of vllm-project/vllm#28658."""
        told = "ERROR 05-06 08:55:19 worker_base.py:145] RuntimeError: CUDA error: x"
        worker = "(RayWorkerWrapper pid=2231, ip=10.0.0.11)"
        for before in (worker, f"(EngineCore_DP0 pid=1769) {worker}"):
            with self.subTest(before):
                self.watch = CauseWatch()
                found = self.after(f"{before} {told}")
                assert found is not None
                self.assertEqual((found.said, found.address), ("RuntimeError: CUDA error: x", "10.0.0.11"))

    def test_error_that_was_survived_is_no_cause(self) -> None:
        self.said("OSError: while loading")
        self.now += 61
        self.assertEqual(self.said("ValueError: much later"), "ValueError: much later")
        self.now += 301
        self.assertIsNone(self.after("", is_fresh=True))
        self.assertIsNotNone(self.after(""))
        self.watch.forget()
        self.assertIsNone(self.after(""))


if __name__ == "__main__":
    unittest.main()
