"""What answers, or does not, on a port that the kernel chose."""

import socket
import threading
import unittest

from ray_node.config.engine_config import EngineApi
from ray_node.engine.api import EngineClient


class HealthTest(unittest.TestCase):
    def problem_at(self, port: int, servers: int | None = None) -> str | None:
        api = EngineApi(port, "/health", "m", (), None, None, servers)
        return EngineClient("127.0.0.1", api).health_problem(0.3)

    def problem_of(self, listener: socket.socket, servers: int | None = None) -> str | None:
        return self.problem_at(listener.getsockname()[1], servers)

    def answering(self, head: bytes) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(head)
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        return listener

    def test_health_with_200_has_no_problem(self) -> None:
        self.assertIsNone(self.problem_of(self.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))

    def test_health_with_another_status_names_it(self) -> None:
        answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\nloading"
        self.assertEqual(self.problem_of(self.answering(answer)), "it answers HTTP 503: loading")

    def test_health_counts_the_servers_behind_the_api(self) -> None:
        for listed, problem in (
            (b'{"http://a:1":{},"http://b:1":{}}', None),
            (b'{"http://a:1":{}}', "1 of 2 servers are registered"),
            (b"{}", "0 of 2 servers are registered"),
            (b'{"a":{},"b":{},"c":{}}', "3 of 2 servers are registered"),
            (b"false", "it lists no servers: false"),
            (b"starting", "it lists no servers: starting"),
        ):
            with self.subTest(listed=listed):
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(listed)
                self.assertEqual(self.problem_of(self.answering(head + listed), 2), problem)

    def test_health_without_a_listener_names_the_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.assertEqual(self.problem_at(port), f"nothing listens on port {port}")

    def test_health_of_a_silent_listener_names_the_timeout(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.assertEqual(
                self.problem_of(listener), "it accepts connections but did not answer within 0.3 s"
            )

    def test_health_of_another_protocol_is_a_problem(self) -> None:
        self.assertIn("no http", str(self.problem_of(self.answering(b"no http\r\n\r\n"))))
        self.assertIsNotNone(self.problem_of(self.answering(b"")))


if __name__ == "__main__":
    unittest.main()
