"""Engines that say too much, stdout that nobody reads, and children that outlive their engine.

Right: the head keeps its heartbeat and its size, the engine goes on serving, and what ends is started again.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from report import IS_LONG, STAND_INS, Attacks, processor_seconds, resident_mib

from cluster import Cluster, Watch, api_answers

SECONDS = 20 if IS_LONG else 6


def engine(habit: str, amount: int = 0) -> list[str]:
    words = ["--habit", habit, "--port", "8000", "--amount", str(amount)]
    return [sys.executable, str(STAND_INS / "engine.py"), *words]


def size_of_state(cluster: Cluster) -> int:
    return os.path.getsize(f"{cluster.values[0]['paths']['state']}/npu-0.json")


def flood(
    attacks: Attacks,
    name: str,
    habit: str,
    amount: int = 0,
    serves: bool = True,
    seconds: float = SECONDS,
    stdout: IO[bytes] | int | None = subprocess.DEVNULL,
) -> None:
    cluster = Cluster(workers=0, engine=engine(habit, amount))
    cluster.start(0, stdout)
    if not cluster.serving():
        attacks.result(name, False, f"does not serve: {cluster.state().get('reason')}")
        cluster.close()
        return
    pid, watch, peak = cluster.program(0) or 0, Watch(cluster), 0.0
    began, used = time.monotonic(), processor_seconds(pid)
    while time.monotonic() - began < seconds:
        with contextlib.suppress(OSError):
            peak = max(peak, resident_mib(pid))
        time.sleep(0.1)
    alive = cluster.processes[0].poll() is None
    with contextlib.suppress(OSError):
        used = (processor_seconds(pid) - used) / seconds
    served = watch.end() or not serves
    state, logs = size_of_state(cluster), _logs(cluster)
    good = alive and served and watch.oldest_beat < 6 and peak < 150 and state < 1 << 20 and logs < 160 << 20
    good = good and (api_answers() or not serves)
    sizes = f"state {state >> 10} kB, logs {logs >> 20} MiB"
    told = f"{peak:.0f} MiB, {used * 100:.0f} % of a core, {sizes}; {watch}"
    attacks.result(name, good, told)
    cluster.close()


def _logs(cluster: Cluster) -> int:
    folder = Path(cluster.values[0]["paths"]["engineLog"]).parent
    return sum(path.stat().st_size for path in folder.glob("*")) if folder.exists() else 0


def stuck_stdout(attacks: Attacks) -> None:
    """As with a daemon that is away, or a log driver that hangs; a worker is lost and comes back."""
    reads, writes = os.pipe()
    cluster = Cluster(workers=1)
    cluster.start(0, writes)
    cluster.start(1)
    served = cluster.serving()
    os.set_blocking(writes, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writes, b"x" * 4096)
    os.set_blocking(writes, True)
    cluster.destroy(1)
    fell = cluster.until(lambda: cluster.state().get("state") != "serving", 30)
    age = cluster.beat_age()
    cluster.start(1)
    back = cluster.serving(40)
    told = f"noticed {fell}, heartbeat then {age:.1f} s old, serves again {back}"
    attacks.result(
        "stdout that nobody reads, and a worker that is lost", served and fell and back and age < 5, told
    )
    cluster.close()
    os.close(reads)
    os.close(writes)


def daemon(attacks: Attacks) -> None:
    """An engine's child with a session of its own lives on when the engine has ended, unless it is found."""
    cluster = Cluster(workers=0, engine=engine("daemon"))
    cluster.start(0, subprocess.DEVNULL)
    cluster.serving()
    ended = cluster.until(lambda: cluster.state().get("state") not in ("serving", "loading"), 30)
    gone = cluster.until(lambda: len(_sleepers()) <= 1, 20)
    attacks.result("a daemon that outlives its engine is ended", ended and gone, f"{len(_sleepers())} left")
    cluster.close()


def _sleepers() -> list[str]:
    found = subprocess.run(["pgrep", "-f", "^sleep 5555$"], capture_output=True, text=True, check=False)
    return found.stdout.split()


def drip(attacks: Attacks) -> None:
    cluster = Cluster(workers=0, engine=engine("drip"))
    cluster.start(0)
    cluster.serving()
    fell = cluster.until(lambda: "health" in str(cluster.state().get("reason")), 40)
    attacks.result("a health path that drips is a miss", fell, str(cluster.state().get("reason"))[:120])
    cluster.close()


def main() -> None:
    attacks = Attacks("floods")
    long: list[Callable[[], None]] = [
        lambda: flood(attacks, "a progress bar of carriage returns", "carriage"),
        lambda: flood(attacks, "binary noise", "binary"),
        lambda: drip(attacks),
    ]
    flood(attacks, "an engine that logs as fast as it can", "flood")
    flood(attacks, "300 MB without a line feed", "no-end", 300, seconds=SECONDS + 2)
    flood(
        attacks, "a line of 60 MB, then the engine ends", "long-line", 60, serves=False, seconds=SECONDS + 2
    )
    with open("/dev/full", "wb") as full:
        flood(attacks, "stdout on a full disk", "flood", stdout=full, seconds=4)
    stuck_stdout(attacks)
    daemon(attacks)
    for act in long if IS_LONG else []:
        act()
    attacks.end()


if __name__ == "__main__":
    main()
