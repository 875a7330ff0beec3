import errno
import socket
import unittest
from unittest import mock

import simulated_clock
import support

from ray_node.agent import host_prober
from ray_node.host import probe


class ProbeTest(unittest.TestCase):
    def test_probe_tells_open_from_closed(self) -> None:
        with socket.socket() as listener:
            listener.bind((support.HEAD, 0))
            listener.listen()
            port = int(listener.getsockname()[1])
            self.assertEqual(probe.tcp(support.HEAD, port), probe.OPEN)
            self.assertFalse(probe.is_free(support.HEAD, port))
        self.assertEqual(probe.tcp(support.HEAD, port), probe.CLOSED)
        self.assertTrue(probe.is_free(support.HEAD, port))

    def test_probe_explains_each_failure(self) -> None:
        cases: list[tuple[OSError, str]] = [
            (ConnectionRefusedError(), probe.CLOSED),
            (TimeoutError(), probe.NO_ANSWER),
            (OSError(errno.EHOSTUNREACH, "No route to host"), probe.NO_ANSWER),
            (OSError(errno.ENETUNREACH, "Network is unreachable"), probe.NO_ROUTE),
            (OSError(errno.EACCES, "Permission denied"), "connection failed (Permission denied)"),
        ]
        for error, wanted in cases:
            with self.subTest(error=error), mock.patch("socket.create_connection", side_effect=error):
                self.assertEqual(probe.tcp("10.0.0.1", 6379), wanted)

    def test_result_of_a_probe_in_words(self) -> None:
        self.assertEqual(host_prober.in_words(probe.CLOSED, 6380), "host answers, Ray port 6380 closed")
        # ray-project/ray#7632, #12153: machines that answer, behind the firewall of their distribution.
        self.assertEqual(
            host_prober.in_words(probe.NO_ANSWER, 6380),
            "host does not answer, or a firewall drops what comes to its Ray port 6380",
        )

    def test_prober_follows_its_targets(self) -> None:
        simulated_clock.install(self)
        prober = host_prober.HostProber(support.free_ports(1)[0])
        self.addCleanup(prober.close)
        prober.targets = (support.HEAD,)
        support.await_that(lambda: bool(prober.found), lambda: prober.found)
        self.assertRegex(prober.found[support.HEAD], "^host answers, Ray port [0-9]+ closed$")


if __name__ == "__main__":
    unittest.main()
