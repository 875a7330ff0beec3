"""The relay behind `forward`, as a process of its own."""

import os
import socket
import subprocess
import sys
import threading
import unittest

import support


class ConnectTest(unittest.TestCase):
    def connect(self, port: int, data: bytes) -> subprocess.CompletedProcess[bytes]:
        runtime = str(support.ROOT / "lib" / "runtime")
        return subprocess.run(
            [sys.executable, "-m", "ray_node", "connect", "--config", str(support.EXAMPLE), str(port)],
            env={**os.environ, "PYTHONPATH": runtime},
            input=data,
            capture_output=True,
            timeout=30,
            check=False,
        )

    def test_everything_passes_in_both_directions_until_the_other_side_closes(self) -> None:
        sent = os.urandom(1 << 20)
        answer = os.urandom(1 << 20)
        received = []
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                parts = []
                # The end of stdin arrives as the end of the stream.
                while part := connection.recv(65536):
                    parts.append(part)
                received.append(b"".join(parts))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = self.connect(server.getsockname()[1], sent)
        thread.join(10)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(received == [sent] and done.stdout == answer)

    def test_port_on_which_nothing_listens_is_named(self) -> None:
        (port,) = support.free_ports(1)
        done = self.connect(port, b"")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(
            f"nothing answers on port {port} of this node: Connection refused", done.stderr.decode()
        )


if __name__ == "__main__":
    unittest.main()
