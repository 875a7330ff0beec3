import os
import socket
import unittest
from unittest import mock

from ray_node.engine.health_history import HealthHistory

CLOSED = "nothing listens on port 8000"


class HealthHistoryTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 100.0
        clock = mock.patch("ray_node.host.clock.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.history = HealthHistory(os.getpid(), "10.89.28.10", 8000)

    def note(self, problem: str | None, seconds: float) -> None:
        self.history.note(problem)
        self.now += seconds

    def test_describe_says_for_how_long(self) -> None:
        self.note(CLOSED, 20)
        self.note("it answers HTTP 503: loading 1 of 9", 100)
        self.note("it answers HTTP 503: loading 2 of 9", 180)
        self.assertEqual(self.history.describe(), "it answers HTTP 503: loading 2 of 9 (for 280 s)")
        self.note(None, 5)
        self.note("it accepts connections but did not answer within 3 s", 7)
        self.assertEqual(
            self.history.describe(), "it accepts connections but did not answer within 3 s (for 7 s)"
        )

    def test_describe_of_a_closed_port_names_the_ports_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as elsewhere:
            self.note(CLOSED, 300)
            self.assertIn(
                "nothing listens on port 8000 (for 300 s; the engine's process is running; it listens on ",
                self.history.describe(),
            )
            self.assertIn(f"127.0.0.1:{elsewhere.getsockname()[1]}", self.history.describe())
            self.assertTrue(self.history.describe().endswith(", not on 10.89.28.10:8000)"))

    def test_describe_of_a_process_without_ports_says_so(self) -> None:
        self.note(CLOSED, 300)
        with mock.patch("ray_node.host.listening.of_group", return_value=[]):
            self.assertEqual(
                self.history.describe(),
                "nothing listens on port 8000 (for 300 s; the engine's process is running but listens "
                "on no port)",
            )

    def test_describe_of_many_ports_names_six(self) -> None:
        self.note(CLOSED, 1)
        many = [f"0.0.0.0:{port}" for port in range(9000, 9010)]
        with mock.patch("ray_node.host.listening.of_group", return_value=many):
            self.assertIn("0.0.0.0:9005 and elsewhere, not on", self.history.describe())


if __name__ == "__main__":
    unittest.main()
