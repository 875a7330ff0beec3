"""`with_proxy.py <address> <port> <proxy> ... -- <server> ...` runs a proxy, and behind it a server.

The server starts when the proxy takes connections at `<address>:<port>`, since a server registers only once.
When one of the two ends, the other is ended too, and this process ends as the first one did. SIGTERM and
SIGINT end both.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 1.0
#: Servers take their time: `lmdeploy serve api_server` gives its own processes 15 s before it kills them.
_GRACE_SECONDS = 20.0


class Pair:
    """The proxy, and the server once it has been started."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped = False

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """For a signal: the next look ends both."""
        self._stopped = True

    def run(self, address: str, port: int, proxy: list[str], server: list[str]) -> int:
        """The exit code of the first that ends by itself, 0 after a signal. Raises SystemExit."""
        try:
            self._start("proxy", proxy)
            while not self._stopped:
                if len(self._running) == 1 and _takes_connections(address, port):
                    self._start("server", server)
                for name, process in self._running.items():
                    code = process.poll()
                    if code is not None:
                        print(f"with_proxy: the {name} ended with code {code}", file=sys.stderr, flush=True)
                        return code
                time.sleep(_POLL_SECONDS)
            return 0
        finally:
            self._end()

    def _start(self, name: str, argv: list[str]) -> None:
        try:
            self._running[name] = subprocess.Popen(argv)
        except OSError as error:
            raise SystemExit(f"the {name} cannot be started: {argv[0]}: {error.strerror}") from error

    def _end(self) -> None:
        """Ask both at once, and kill what is left after the grace."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.wait()


def _takes_connections(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _end_as(code: int) -> None:
    """Exit, or be killed by the same signal: whoever watches tells the two apart."""
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def main() -> None:
    address, port, *commands = sys.argv[1:]
    between = commands.index("--")
    pair = Pair()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pair.stop)
    _end_as(pair.run(address, int(port), commands[:between], commands[between + 1 :]))


if __name__ == "__main__":
    main()
