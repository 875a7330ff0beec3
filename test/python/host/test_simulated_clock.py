"""The clock of the tests themselves: what stands still must fail, never hang."""

import threading
import unittest
from unittest import mock

import simulated_clock
from simulated_clock import StandsStill

from ray_node.host import clock


class Standstill(unittest.TestCase):
    def test_every_thread_is_told_of_a_member_that_does_not_wait(self) -> None:
        simulated_clock.install(self)
        told: list[str] = []
        until_told = threading.Event()

        def polls() -> None:
            try:
                while True:
                    clock.sleep(1.0)
            except StandsStill as error:
                told.append(str(error))
                until_told.set()

        with mock.patch.object(simulated_clock, "_STANDSTILL_SECONDS", 0.3):
            thread = threading.Thread(target=polls, daemon=True)
            thread.start()
            # Real time, in which this thread counts as running.
            self.assertTrue(until_told.wait(20))
            with self.assertRaisesRegex(StandsStill, "these do not wait: .*MainThread"):
                clock.sleep(1.0)
        self.assertIn("time stands still", told[0])


if __name__ == "__main__":
    unittest.main()
