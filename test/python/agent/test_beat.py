import unittest
from typing import Any

from simulated_clock import ManualClock

from ray_node.agent.beat import Beat


class BeatTest(unittest.TestCase):
    def setUp(self) -> None:
        self.time = ManualClock(self, 5000.0)
        self.beat = Beat()

    def at(self, seconds: float, **found: Any) -> bool:
        """Look that much later; whether the head lives."""
        self.time.now += seconds
        self.beat.look({"heartbeat": "2026", **found})
        return self.beat.is_alive

    def test_head_of_this_machine_lives_by_its_uptime(self) -> None:
        self.assertFalse(self.at(1, beatUptime=4990.0), "from before the check")
        self.assertTrue(self.at(1, beatUptime=5001.0))
        self.assertTrue(self.at(14, beatUptime=5001.0))
        self.assertFalse(self.at(2, beatUptime=5001.0))
        self.assertEqual(self.beat.silent_seconds, 17.0)

    def test_head_without_comparable_uptime_lives_when_something_changes(self) -> None:
        for uptime in ({}, {"beatUptime": 900_000.0}):
            with self.subTest(uptime):
                self.beat = Beat()
                self.assertFalse(self.at(1, heartbeat="a", **uptime))
                self.assertFalse(self.at(1, heartbeat="a", **uptime))
                self.assertTrue(self.at(1, heartbeat="b", **uptime))
                self.assertFalse(self.at(16, heartbeat="b", **uptime))

    def test_stepped_wall_clock_changes_nothing(self) -> None:
        """The stamp may go an hour forth or back: only that it changes counts."""
        for stamp in ("2026-11-29T10:00", "2026-11-29T11:00", "2026-11-29T09:00"):
            self.at(2, heartbeat=stamp)
        self.assertTrue(self.beat.is_alive)

    def test_no_file_is_no_head(self) -> None:
        self.time.now += 100
        self.assertFalse(self.beat.look(None))
        self.assertEqual((self.beat.is_alive, self.beat.silent_seconds), (False, 100.0))


if __name__ == "__main__":
    unittest.main()
