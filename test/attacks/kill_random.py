"""SIGKILL of the node program at random moments: its whole process namespace dies, as a container does.

A restart policy starts it again. After every fourth kill the cluster must serve again.
"""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from report import IS_LONG, Attacks, loaded

from cluster import Cluster

KILLS = 200 if IS_LONG else 8
SEED = next((int(word.partition("=")[2]) for word in sys.argv if word.startswith("--seed=")), 1)


def main() -> None:
    attacks, chance = Attacks("kills at random moments"), random.Random(SEED)
    cluster = Cluster(workers=2, restarts=True)
    cluster.start_all()
    over, reads, broken = threading.Event(), [0], [0]

    def watch() -> None:
        """A state file is whole at every look."""
        while not over.wait(0.02):
            for index in cluster.values:
                path = Path(cluster.values[index]["paths"]["state"], f"npu-{index}.json")
                if path.exists():
                    reads[0] += 1
                    broken[0] += not loaded(path)

    threading.Thread(target=watch, daemon=True).start()
    served, done, took, states = cluster.serving(), 0, [0.0], Counter[str]()
    while served and done < KILLS:
        for _ in range(4):
            index = chance.choice((0, 0, 1, 2))
            states[str(cluster.state(index).get("state"))] += 1
            cluster.kill(index, signal.SIGKILL)
            done += 1
            time.sleep(chance.uniform(0, 2.5 if IS_LONG else 1.0))
        began = time.monotonic()
        served = cluster.until(lambda: _all_serve(cluster), 120)
        took.append(time.monotonic() - began)
    told = f"longest recovery {max(took):.1f} s; killed in {dict(states)}; {cluster.state().get('reason')}"
    attacks.result(f"{done} SIGKILLs, seed {SEED}", served and done >= KILLS, told)
    attacks.result("state files are whole at every look", broken[0] == 0, f"{reads[0]} reads")
    drafts = list(cluster.root.rglob("*.new"))
    attacks.result("few drafts are left", len(drafts) <= 3, str(drafts[:3]))
    attacks.result("one engine runs", _engines(cluster) == 1, str(_engines(cluster)))
    attacks.result("no internal error", cluster.internal_errors() == 0)
    over.set()
    cluster.close()
    attacks.end()


def _all_serve(cluster: Cluster) -> bool:
    alive = all(process.poll() is None for process in cluster.processes.values())
    return alive and cluster.state().get("state") == "serving" and cluster.beat_age() < 3


def _engines(cluster: Cluster) -> int:
    count = 0
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue
        count += b"tiny_engine" in words and str(cluster.root).encode() in words
    return count


if __name__ == "__main__":
    main()
