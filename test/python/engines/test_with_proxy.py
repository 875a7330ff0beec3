"""The launcher of a proxy and a server: with real processes that stand in for both."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import support

LAUNCHER = support.ROOT / "lib" / "engines" / "with_proxy.py"
#: Says its name, listens where it is told to, and ends by the order that it finds in a file.
STAND_IN = """#!{python}
import os, signal, socket, sys, time
name, folder, port = sys.argv[1:4]
def stop(number, frame):
    open(f"{{folder}}/{{name}}.stopped", "w").close()
    sys.exit(0)
if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, stop)
if name == "proxy":
    while not os.path.exists(f"{{folder}}/listen"):
        if os.path.exists(f"{{folder}}/proxy.end"):
            sys.exit(int(open(f"{{folder}}/proxy.end").read()))
        time.sleep(0.02)
    listener = socket.create_server(("127.0.0.1", int(port)))
with open(f"{{folder}}/{{name}}.pid.part", "w") as file:
    file.write(str(os.getpid()))
os.rename(f"{{folder}}/{{name}}.pid.part", f"{{folder}}/{{name}}.pid")
while True:
    order = f"{{folder}}/{{name}}.end"
    if os.path.exists(order):
        sys.exit(int(open(order).read()))
    time.sleep(0.02)
"""


class WithProxyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = self.folder / "stand-in"
        self.program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        self.program.chmod(0o755)

    def launch(
        self, *of_server: str, server: str | None = None, launcher: Path = LAUNCHER
    ) -> subprocess.Popen[str]:
        port = str(support.free_ports(1)[0])
        proxied = [str(self.program), "proxy", str(self.folder), port]
        behind = [server or str(self.program), "server", str(self.folder), port, *of_server]
        process = subprocess.Popen(
            [sys.executable, str(launcher), "127.0.0.1", port, *proxied, "--", *behind],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(self.kill_all_of, process)
        return process

    @staticmethod
    def kill_all_of(process: subprocess.Popen[str]) -> None:
        """What the launcher has started, too, which outlives it when it is killed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def serving(self, *of_server: str, launcher: Path = LAUNCHER) -> subprocess.Popen[str]:
        """Both run."""
        self.tell("listen", "")
        process = self.launch(*of_server, launcher=launcher)
        self.until(lambda: self.has("proxy.pid") and self.has("server.pid"))
        return process

    def tell(self, name: str, content: str) -> None:
        """The whole file at once: it is looked for while it is written."""
        part = self.folder / "part"
        part.write_text(content, encoding="utf-8")
        part.rename(self.folder / name)

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def runs(self, name: str) -> bool:
        pid = (self.folder / f"{name}.pid").read_text(encoding="utf-8")
        return os.path.exists(f"/proc/{pid}")

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not happened():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def ended(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        _, said = process.communicate(timeout=30)
        return process.returncode, said

    def test_server_starts_when_the_proxy_takes_connections(self) -> None:
        self.launch()
        time.sleep(0.6)
        self.assertFalse(self.has("server.pid"))
        self.tell("listen", "")
        self.until(lambda: self.has("server.pid"))

    def test_end_of_one_ends_the_other_and_gives_its_code(self) -> None:
        for name, other in (("proxy", "server"), ("server", "proxy")):
            with self.subTest(name=name):
                process = self.serving()
                self.tell(f"{name}.end", "7")
                self.assertEqual(self.ended(process), (7, f"with_proxy: the {name} ended with code 7\n"))
                self.assertFalse(self.runs(other))
                self.assertTrue(self.has(f"{other}.stopped"))
            for left in (*self.folder.glob("*.pid"), *self.folder.glob("*.end")):
                left.unlink()

    def test_proxy_that_ends_before_it_listens_starts_no_server(self) -> None:
        self.tell("proxy.end", "3")
        process = self.launch()
        self.assertEqual(self.ended(process), (3, "with_proxy: the proxy ended with code 3\n"))
        self.assertFalse(self.has("server.pid"))

    def test_kill_of_one_looks_like_a_kill_of_all(self) -> None:
        process = self.serving()
        os.kill(int((self.folder / "server.pid").read_text(encoding="utf-8")), signal.SIGKILL)
        self.assertEqual(self.ended(process)[0], -signal.SIGKILL)
        self.assertFalse(self.runs("proxy"))

    def test_signal_ends_both_in_order(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                process = self.serving()
                process.send_signal(number)
                self.assertEqual(self.ended(process), (0, ""))
                for name in ("proxy", "server"):
                    self.assertTrue(self.has(f"{name}.stopped"))
                    self.assertFalse(self.runs(name))
            for left in (*self.folder.glob("*.pid"), *self.folder.glob("*.stopped")):
                left.unlink()

    def test_signal_while_the_proxy_starts_ends_it(self) -> None:
        process = self.launch()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(process)[0], 0)
        self.assertTrue(self.has("proxy.stopped"))

    def test_server_that_does_not_stop_is_killed(self) -> None:
        hasty = self.folder / "hasty.py"
        patient = LAUNCHER.read_text(encoding="utf-8")
        hasty.write_text(patient.replace("_GRACE_SECONDS = 20.0", "_GRACE_SECONDS = 0.5"), encoding="utf-8")
        process = self.serving("--stubborn", launcher=hasty)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ended(process)[0], 0)
        self.assertFalse(self.runs("server"))

    def test_server_that_cannot_be_started_ends_the_proxy(self) -> None:
        self.tell("listen", "")
        process = self.launch(server="/no/such/program")
        code, said = self.ended(process)
        self.assertEqual(code, 1)
        self.assertIn("the server cannot be started: /no/such/program: No such file", said)
        self.assertTrue(self.has("proxy.stopped"))


if __name__ == "__main__":
    unittest.main()
