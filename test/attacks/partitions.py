"""Partitions between head and workers, by a packet filter inside the attack's own network namespace.

Right: the engine goes on serving, and none is started without need.
"""

import subprocess
import threading
import time
from collections.abc import Callable

from report import IS_LONG, Attacks

from cluster import HEAD, REPORTS, Cluster

WORKERS = ("10.99.0.2", "10.99.0.3")


def filter_packets(*words: str) -> None:
    subprocess.run(["iptables", *words], check=True, capture_output=True)


def drop_reports(address: str, *how: str) -> None:
    to = ("-s", address, "-d", HEAD, "-p", "tcp", "--dport", str(REPORTS))
    filter_packets("-A", "OUTPUT", *to, "-j", *(how or ("DROP",)))


def drop_answers() -> None:
    to = ("-s", HEAD, "-d", WORKERS[0], "-p", "tcp", "--sport", str(REPORTS))
    filter_packets("-A", "OUTPUT", *to, "-j", "DROP")


def drop_all_reports() -> None:
    for address in WORKERS:
        drop_reports(address)


def flap() -> None:
    def run() -> None:
        for _ in range(6):
            drop_reports(WORKERS[0])
            time.sleep(2)
            filter_packets("-F")
            time.sleep(2)

    threading.Thread(target=run, daemon=True).start()


def own_api() -> None:
    filter_packets("-A", "OUTPUT", "-d", HEAD, "-p", "tcp", "--dport", "8000", "-j", "DROP")


def case(attacks: Attacks, name: str, act: Callable[[], None], seconds: float, serves: bool = True) -> None:
    cluster = Cluster(workers=2, restarts=True)
    cluster.start_all()
    served, starts = cluster.serving(), cluster.log().count("starting the engine")
    act()
    states, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        states.add(cluster.state().get("state"))
        time.sleep(0.1)
    filter_packets("-F")
    back = cluster.serving(90)
    follow = cluster.until(lambda: all(cluster.state(at).get("state") == "serving" for at in (1, 2)), 30)
    needless = cluster.log().count("starting the engine") - starts
    good = served and back and follow and (not serves or (states == {"serving"} and needless == 0))
    attacks.result(name, good, f"{needless} engine starts; states {sorted(map(str, states))}")
    attacks.result(f"no internal error: {name}", cluster.internal_errors() == 0)
    cluster.close()


def main() -> None:
    attacks = Attacks("partitions")
    case(attacks, "reports of a worker are dropped", lambda: drop_reports(WORKERS[0]), 30 if IS_LONG else 9)
    if IS_LONG:
        refused = ("REJECT", "--reject-with", "tcp-reset")
        case(attacks, "answers to a worker are dropped", drop_answers, 20)
        case(attacks, "reports of a worker are refused", lambda: drop_reports(WORKERS[0], *refused), 20)
        case(attacks, "reports of a worker come and go", flap, 25)
        case(attacks, "reports of all workers are dropped", drop_all_reports, 30)
        case(attacks, "the head does not reach its own API", own_api, 25, serves=False)
    attacks.end()


if __name__ == "__main__":
    main()
