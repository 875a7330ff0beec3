"""The head's disk fails while the cluster serves, and a head starts on what a broken disk has left.

Right: the engine goes on serving; at the start the head serves, or says why not.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from report import IS_LONG, Attacks

from cluster import Cluster, api_answers

Act = Callable[[Cluster, Path], object]
SECONDS = 8 if IS_LONG else 6


def while_serving(attacks: Attacks, name: str, act: Act, node: int = 0, options: str = "size=20m") -> None:
    disks: list[Path] = []

    def root(index: int) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"ray-cluster-disk{index}-"))
        if index == node:
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
            disks.append(folder)
        return folder

    cluster = Cluster(workers=1, state_root=root, restarts=True)
    cluster.start_all()
    served, ends = cluster.serving(), cluster.ends
    act(cluster, disks[0])
    down, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        down += not api_answers()
        time.sleep(0.25)
    ended = cluster.ends - ends
    told = f"served {served}, ended {ended} times, API away {down} times; {cluster.log(node)[-150:]!r}"
    attacks.result(f"while it serves: {name}", served and ended == 0 and down == 0, told)
    attacks.result(f"no internal error: {name}", cluster.internal_errors() == 0)
    cluster.close()
    for folder in disks:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def read_only(_: Cluster, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def full(_: Cluster, disk: Path) -> None:
    for size in (65_536, 1):
        with contextlib.suppress(OSError), (disk / f"fill{size}").open("wb") as file:
            while True:
                file.write(b"x" * size)


def no_inodes(_: Cluster, disk: Path) -> None:
    with contextlib.suppress(OSError):
        for number in range(100_000):
            (disk / f"i{number}").touch()


def no_state(cluster: Cluster, _: Path) -> None:
    shutil.rmtree(cluster.values[0]["paths"]["state"])


def no_log(cluster: Cluster, _: Path) -> None:
    shutil.rmtree(Path(cluster.values[0]["paths"]["engineLog"]).parent)


def retry_is_a_folder(cluster: Cluster, _: Path) -> None:
    Path(cluster.values[0]["paths"]["state"], "retry-request.json").mkdir()


def no_token(cluster: Cluster, _: Path) -> None:
    os.unlink(cluster.values[0]["paths"]["token"])


def stopped_for_a_while(cluster: Cluster, _: Path) -> None:
    pid = cluster.program(1) or 0
    os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    os.kill(pid, signal.SIGCONT)


def at_start(attacks: Attacks, name: str, prepare: Callable[[Cluster], object], wanted: str) -> None:
    """`wanted`: it `serves`, or `says` why not, and never is it an internal error."""
    cluster = Cluster(workers=0, restarts=True)
    prepare(cluster)
    cluster.start_all()
    seconds = 60 if wanted == "serves" else 8
    served = cluster.until(lambda: cluster.state().get("state") == "serving", seconds)
    said = [line for line in cluster.log().splitlines() if line.strip()][-1:]
    good = served if wanted == "serves" else not served and bool(said)
    if wanted == "either":
        good = served or bool(said)
    good = good and cluster.internal_errors() == 0
    attacks.result(f"at the start: {name}", good, f"serves {served}, {str(said)[:170]}")
    cluster.close()


def state(content: bytes) -> Callable[[Cluster], object]:
    def prepare(cluster: Cluster) -> None:
        folder = Path(cluster.values[0]["paths"]["state"])
        folder.mkdir(parents=True)
        (folder / "npu-0.json").write_bytes(content)

    return prepare


def token(content: bytes) -> Callable[[Cluster], object]:
    def prepare(cluster: Cluster) -> None:
        path = Path(cluster.values[0]["paths"]["token"])
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    return prepare


def config(content: bytes) -> Callable[[Cluster], object]:
    return lambda cluster: (cluster.root / "node0.json").write_bytes(content)


def log_folder_is_a_file(cluster: Cluster) -> None:
    Path(cluster.values[0]["paths"]["engineLog"]).parent.write_text("x")


def state_folder_is_a_file(cluster: Cluster) -> None:
    Path(cluster.values[0]["paths"]["state"]).write_text("x")


def state_file_is_a_folder(cluster: Cluster) -> None:
    Path(cluster.values[0]["paths"]["state"], "npu-0.json").mkdir(parents=True)


def pipe(name: str) -> Callable[[Cluster], object]:
    """Opening one waits for somebody at its other end."""

    def prepare(cluster: Cluster) -> None:
        paths = cluster.values[0]["paths"]
        at = Path(paths["token"] if name == "token" else f"{paths['state']}/{name}")
        at.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(at)

    return prepare


def token_is_a_folder(cluster: Cluster) -> None:
    Path(cluster.values[0]["paths"]["token"]).mkdir(parents=True)


STARTS: dict[str, tuple[Callable[[Cluster], object], str]] = {
    "a state file of deep JSON": (state(b"[" * 100_000), "serves"),
    "a token of one letter": (token(b"e"), "says"),
    "an error page for a token": (token(b"<html>\nError\n</html>"), "says"),
    "a node.json of deep JSON": (config(b"[" * 100_000), "says"),
    "a state file that is a pipe": (pipe("npu-0.json"), "serves"),
    "a token that is a pipe": (pipe("token"), "says"),
    "a log folder that is a file": (log_folder_is_a_file, "either"),
    "an empty state file": (state(b""), "serves"),
    "half a state file": (state(b'{"schema": 1, "node": "npu-0", "hist'), "serves"),
    "noise for a state file": (state(os.urandom(5000)), "serves"),
    "a history that is none": (state(b'{"schema": 1, "history": {"a": 1}, "pid": "x"}'), "serves"),
    "a history of 10^6 entries": (
        state(json.dumps({"schema": 1, "history": ["x"] * 10**6}).encode()),
        "serves",
    ),
    "a state file that is a folder": (state_file_is_a_folder, "either"),
    "a state folder that is a file": (state_folder_is_a_file, "says"),
    "an empty token": (token(b""), "serves"),
    "a token of blanks": (token(b" \n"), "serves"),
    "a token that is not ASCII": (token(b"\xff\xfe\x00" * 20), "says"),
    "a token that is a folder": (token_is_a_folder, "says"),
    "a token with a line feed": (token(b"a" * 64 + b"\n"), "serves"),
    "half a node.json": (config(b'{"schema": 1'), "says"),
    "a node.json that is not UTF-8": (config(b"\xff\xfe{}"), "says"),
}
SHORT_STARTS = 7


def main() -> None:
    attacks = Attacks("disks")
    while_serving(attacks, "the head's disk becomes read-only", read_only)
    if IS_LONG:
        while_serving(attacks, "the head's disk becomes full", full)
        while_serving(attacks, "no inode is left", no_inodes, options="size=20m,nr_inodes=60")
        while_serving(attacks, "a worker's disk becomes read-only", read_only, node=1)
        while_serving(attacks, "a worker's disk becomes full", full, node=1)
        while_serving(attacks, "the state folder is removed", no_state)
        while_serving(attacks, "the log folder is removed", no_log)
        while_serving(attacks, "the retry request is a folder", retry_is_a_folder)
        while_serving(attacks, "the token is removed", no_token)
        while_serving(attacks, "a worker is stopped for 6 s", stopped_for_a_while)
    for name, (prepare, wanted) in list(STARTS.items())[: None if IS_LONG else SHORT_STARTS]:
        at_start(attacks, name, prepare, wanted)
    attacks.end()


if __name__ == "__main__":
    main()
