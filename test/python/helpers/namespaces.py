"""Machines for tests: Linux network and process namespaces on one bridge. Needs root and iproute2.

A node in here has its own addresses, processes, /tmp/ray and /dev/shm, as a container would, and is
started again when it ends, as a restart policy would. Its files are the host's.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import support


def why_not() -> str | None:
    """Why namespaces cannot be used here, `None` if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("ip", "unshare", "mount"):
        if shutil.which(tool) is None:
            return f"no '{tool}' command"
    probe = subprocess.run(["unshare", "-n", "-p", "-m", "-f", "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "unshare is not permitted"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Network:
    """A bridge in a namespace of its own; nothing of it is seen from outside."""

    def __init__(self, prefix_length: int = 24) -> None:
        self._switch = f"rn{os.getpid()}s"
        self._prefix_length = prefix_length
        self._names = [self._switch]
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "br0", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "br0", "up")

    def attach(self, address: str) -> str:
        """A namespace with `address` on `eth0`; returns its name."""
        name = f"rn{os.getpid()}n{len(self._names)}"
        port = f"p{len(self._names)}"
        _ip("netns", "add", name)
        self._names.append(name)
        peer = ("peer", "name", "eth0", "netns", name)
        _ip("-n", self._switch, "link", "add", port, "type", "veth", *peer)
        _ip("-n", self._switch, "link", "set", port, "master", "br0", "up")
        _ip("-n", name, "addr", "add", f"{address}/{self._prefix_length}", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        return name

    def close(self) -> None:
        for name in reversed(self._names):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


class Machine:
    """Runs the node program with one configuration, again and again until `close`."""

    _SCRIPT = (
        'mount --make-rprivate / && mkdir -p "$1" /tmp/ray && mount --bind "$1" /tmp/ray && '
        "mount -t tmpfs tmpfs /dev/shm && shift && exec "
        '"$@"'
    )

    def __init__(self, network: Network, address: str, folder: Path, config: Path) -> None:
        self._namespace = network.attach(address)
        self._folder = folder
        self._config = config
        self._closing = False
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_codes: list[int] = []
        self.log = folder / f"{config.stem}.log"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def execute(
        self, *words: str, given: str = "", timeout_seconds: float = 60.0
    ) -> "subprocess.CompletedProcess[str]":
        """A command in the node's network namespace, not among its processes. `given`: its input."""
        return subprocess.run(
            self._inside(words),
            env=self._environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_seconds,
        )

    def session(self, *words: str) -> "subprocess.Popen[str]":
        """The same that goes on, with pipes to its standard input and output."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._inside(words),
            env=self._environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _inside(self, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._namespace, *words]

    def processes(self, part: str) -> list[int]:
        """Ids (outside) of the node's processes whose command line holds `part`."""
        found = []
        for pid in self._below():
            try:
                words = (
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue
            if part in words:
                found.append(pid)
        return found

    def signal(self, part: str, number: signal.Signals) -> int:
        """Send a signal to the processes whose command line holds `part`; how many there were."""
        pids = self.processes(part)
        for pid in pids:
            os.kill(pid, number)
        return len(pids)

    def close(self) -> None:
        """SIGTERM as `docker stop` sends it, then the end of everything."""
        self._closing = True
        for pid in self.processes("ray_node start")[-1:]:
            os.kill(pid, signal.SIGTERM)
        self._thread.join(timeout=25)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _run(self) -> None:
        while not self._closing:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *("ip", "netns", "exec", self._namespace),
                        *("unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"),
                        *("sh", "-c", self._SCRIPT, "sh", str(self._folder / f"{self._config.stem}-ray")),
                        *(sys.executable, "-m", "ray_node", "start", "--config", str(self._config)),
                    ],
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            self.exit_codes.append(self._process.wait())
            time.sleep(0.2)

    def _environment(self) -> Mapping[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")}

    def _below(self) -> list[int]:
        from ray_node.host import processes

        process = self._process
        return processes.descendants(process.pid) if process is not None else []
