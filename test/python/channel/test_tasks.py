import threading
import unittest
from typing import Any

import support

from ray_node.channel.tasks import Task, TaskBoard, TaskResult, TaskRunner, perform


class BoardTest(unittest.TestCase):
    def setUp(self) -> None:
        self.board = TaskBoard()

    def test_task_is_given_until_its_first_result(self) -> None:
        self.assertIsNone(self.board.exchange("10.0.0.2", None))
        self.board.assign("facts", {"10.0.0.2": {"a": 1}, "10.0.0.3": {}})
        self.assertEqual(self.board.missing(), ["10.0.0.2", "10.0.0.3"])
        task = self.board.exchange("10.0.0.2", None)
        assert task is not None
        self.assertEqual((task.kind, task.body), ("facts", {"a": 1}))
        self.assertEqual(self.board.exchange("10.0.0.2", None), task)
        done = TaskResult(task.id, {"b": 2})
        self.assertIsNone(self.board.exchange("10.0.0.2", done))
        self.assertIsNone(self.board.exchange("10.0.0.2", TaskResult(task.id, {"b": 3})))
        self.assertEqual((self.board.missing(), self.board.results()), (["10.0.0.3"], {"10.0.0.2": done}))

    def test_result_of_an_earlier_task_does_not_count(self) -> None:
        self.board.assign("facts", {"10.0.0.2": {}})
        first = self.board.exchange("10.0.0.2", None)
        assert first is not None
        self.board.assign("facts", {"10.0.0.2": {}})
        second = self.board.exchange("10.0.0.2", TaskResult(first.id, {}))
        assert second is not None
        self.assertNotEqual(second.id, first.id)
        self.assertEqual(self.board.results(), {})

    def test_cleared_board_has_no_tasks(self) -> None:
        self.board.assign("facts", {"10.0.0.2": {}})
        self.board.clear()
        self.assertEqual((self.board.exchange("10.0.0.2", None), self.board.missing()), (None, []))


class PerformTest(unittest.TestCase):
    def test_task_that_cannot_be_done_is_a_result_with_an_error(self) -> None:
        def fails(_: dict[str, Any]) -> dict[str, Any]:
            raise OSError("disk full")

        handlers = {
            "fails": fails,
            "large": lambda _: {"text": "x" * 300_000},
            "no json": lambda _: {"value": object()},
        }
        for kind, error in (
            ("fails", "OSError: disk full"),
            ("unknown", "no task 'unknown'"),
            ("large", "the result has 300012 bytes, 196608 can be sent"),
            ("no json", "TypeError: Object of type object is not JSON serializable"),
        ):
            with self.subTest(kind):
                result = perform(handlers, Task("1", kind, {}))
                self.assertIn(error, result.error or "")
                self.assertEqual(result.body, {})


class RunnerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.done = threading.Event()
        self.runner = TaskRunner({"echo": self.echo}, self.done.set)
        self.addCleanup(self.go_on.set)

    def echo(self, body: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(body)
        self.go_on.wait(10)
        return {"got": body}

    def finish(self) -> None:
        self.go_on.set()
        self.assertTrue(self.done.wait(10))

        def is_idle() -> bool:
            running = self.runner._running
            return running is None or running.done

        support.await_that(is_idle, lambda: "the task's thread goes on")

    def test_repeated_task_is_done_once_and_reported_until_it_is_taken(self) -> None:
        for _ in range(3):
            self.runner.take(Task("1", "echo", {"n": 1}))
        self.assertIsNone(self.runner.result)
        self.finish()
        self.runner.take(Task("1", "echo", {"n": 1}))
        self.assertEqual(self.runner.result, TaskResult("1", {"got": {"n": 1}}))
        self.runner.take(None)
        self.assertIsNone(self.runner.result)
        self.assertEqual(self.calls, [{"n": 1}])

    def test_next_task_waits_for_the_one_under_way(self) -> None:
        self.runner.take(Task("1", "echo", {"n": 1}))
        self.runner.take(Task("2", "echo", {"n": 2}))
        self.finish()
        self.done.clear()
        self.runner.take(Task("2", "echo", {"n": 2}))
        self.finish()
        self.assertEqual(self.runner.result, TaskResult("2", {"got": {"n": 2}}))
        self.assertEqual(self.calls, [{"n": 1}, {"n": 2}])


if __name__ == "__main__":
    unittest.main()
