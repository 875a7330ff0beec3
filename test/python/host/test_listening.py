import socket
import subprocess
import sys
import unittest

from ray_node.host import listening, processes

PROGRAM = """
import socket, subprocess, sys, time
if sys.argv[1:]:
    here = socket.create_server(("127.0.0.1", 0))
    print(here.getsockname()[1], flush=True)
    time.sleep(60)
below = subprocess.Popen([sys.executable, "-c", sys.stdin.read(), "below"])
everywhere = socket.create_server(("0.0.0.0", 0))
print(everywhere.getsockname()[1], flush=True)
time.sleep(60)
"""


class ListeningTest(unittest.TestCase):
    def test_address_of_proc_net_tcp_is_read(self) -> None:
        cases = [
            ("0100007F:1F90", socket.AF_INET, (8080, "127.0.0.1")),
            ("00000000:0050", socket.AF_INET, (80, "0.0.0.0")),
            ("00000000000000000000000000000000:1F40", socket.AF_INET6, (8000, "::")),
            ("00000000000000000000000001000000:1F40", socket.AF_INET6, (8000, "::1")),
        ]
        for text, family, wanted in cases:
            with self.subTest(text=text):
                self.assertEqual(listening.read_address(text, family), wanted)

    def test_listeners_of_a_process_and_its_descendants_are_found(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(lambda: [subprocess.run(["kill", str(pid)], check=False) for pid in self.pids])
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(PROGRAM)
        process.stdin.close()
        ports = sorted(int(process.stdout.readline()) for _ in range(2))
        process.stdout.close()
        self.pids = [process.pid, *processes.descendants(process.pid)]
        found = listening.of_group(process.pid)
        self.assertEqual([int(where.rpartition(":")[2]) for where in found], ports)
        self.assertEqual({where.rpartition(":")[0] for where in found}, {"127.0.0.1", "0.0.0.0"})

    def test_process_that_has_ended_listens_nowhere(self) -> None:
        gone = subprocess.Popen(["true"])
        gone.wait()
        self.assertEqual(listening.of_group(gone.pid), [])


if __name__ == "__main__":
    unittest.main()
