import unittest

from simulated_clock import ManualClock

from ray_node.agent.work import Work
from ray_node.host import steps
from ray_node.host.failure import ClusterFailed, NodeFailed, Trouble
from ray_node.host.steps import Steps


class WorkTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock(self, 100.0)
        self.log: list[str] = []

    def counting(self, failure: Trouble | None = None) -> Steps[str]:
        try:
            for number in range(2):
                self.log.append(str(number))
                yield 1.5
            if failure is not None:
                raise failure
            return "ready"
        finally:
            self.log.append("closed")

    def test_work_goes_on_only_when_it_is_due(self) -> None:
        work = Work("counting", self.counting())
        self.assertEqual((self.log, work.due_seconds), ([], 0.0))
        work.look()
        work.look()
        self.assertEqual((self.log, work.due_seconds), (["0"], 1.5))
        self.clock.sleep(1.0)
        work.look()
        self.assertEqual((self.log, work.due_seconds), (["0"], 0.5))
        self.clock.sleep(0.5)
        work.look()
        self.assertEqual(self.log, ["0", "1"])

    def test_work_that_ends_has_a_result(self) -> None:
        work = Work("counting", self.counting())
        for _ in range(3):
            work.look()
            self.clock.sleep(1.5)
        self.assertTrue(work.done and work.over)
        self.assertEqual((work.result, work.due_seconds, repr(work)), ("ready", None, "counting is done"))
        work.look()
        self.assertEqual(self.log, ["0", "1", "closed"])

    def test_trouble_of_work_is_kept_and_not_raised(self) -> None:
        failure = ClusterFailed("no model")
        work = Work("counting", self.counting(failure))
        for _ in range(3):
            work.look()
            self.clock.sleep(1.5)
        self.assertIs(work.trouble, failure)
        self.assertFalse(work.done)
        self.assertTrue(work.over)
        self.assertEqual(repr(work), "counting has failed")

    def test_end_of_the_node_and_bugs_are_raised(self) -> None:
        for failure in (NodeFailed("Ray has ended"), ZeroDivisionError("x")):

            def failing(error: Exception = failure) -> Steps[None]:
                yield 0.0
                raise error

            work = Work("failing", failing())
            work.look()
            with self.subTest(failure), self.assertRaises(type(failure)):
                work.look()

    def test_closed_work_runs_its_cleanup_once(self) -> None:
        work = Work("counting", self.counting())
        work.look()
        work.close()
        work.close()
        self.assertEqual(self.log, ["0", "closed"])

    def test_drive_waits_as_the_steps_say_and_returns_their_result(self) -> None:
        waits: list[float] = []
        self.assertEqual(steps.drive(self.counting(), waits.append), "ready")
        self.assertEqual(waits, [1.5, 1.5])

    def test_drive_ends_the_work_when_its_pause_raises(self) -> None:
        def pause(seconds: float) -> None:
            raise ClusterFailed("gone")

        with self.assertRaises(ClusterFailed):
            steps.drive(self.counting(), pause)
        self.assertEqual(self.log, ["0", "closed"])


if __name__ == "__main__":
    unittest.main()
