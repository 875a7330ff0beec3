"""A stranger on the cluster network, without the token, opens connections to a serving head and drips bytes.

Also a flood of unsigned requests. Threads, descriptors and memory of the head stay where they were.
"""

import contextlib
import os
import socket
import time

from report import IS_LONG, Attacks, descriptors, resident_mib, threads

from cluster import HEAD, REPORTS, STRANGER, Cluster, Watch, add_address, flood

NOFILE = 20_000 if IS_LONG else 1024
CONNECTIONS = 6_000 if IS_LONG else 1_500
SECONDS = 45 if IS_LONG else 9
BODY = b"x" * 60_000


def main() -> None:
    attacks = Attacks("connections without the token")
    add_address(STRANGER)
    others = [f"10.99.78.{index}" for index in range(1, 41)]
    for address in others:
        add_address(address)
    cluster = Cluster(workers=1)
    cluster.prefix[0] = ["prlimit", f"--nofile={NOFILE}:{NOFILE}", "--"]
    cluster.start_all()
    if not cluster.serving():
        attacks.result("the cluster serves", False, cluster.log()[-500:])
        attacks.end()
    pid = cluster.program(0) or 0
    before = threads(pid), descriptors(pid), resident_mib(pid)
    for name, addresses in (("one address", [STRANGER]), ("40 addresses", others)):
        watch, links = Watch(cluster), _open(addresses)
        seen = (0, 0, 0.0)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for link in links:
                with contextlib.suppress(OSError):
                    link.send(b"x")
            seen = max(seen[0], threads(pid)), max(seen[1], descriptors(pid)), max(seen[2], resident_mib(pid))
            time.sleep(0.5)
        served = watch.end()
        small = seen[0] < before[0] + 20 and seen[2] < before[2] + 32
        told = f"threads {before[0]} -> {seen[0]}, descriptors {before[1]} -> {seen[1]}, "
        told += f"{before[2]:.0f} -> {seen[2]:.0f} MiB; {watch}"
        attacks.result(
            f"{len(links)} dripping connections of {name}, {NOFILE} descriptors: it serves, nothing grows",
            served and small and seen[1] < min(NOFILE // 2, before[1] + 400),
            told,
        )
        for link in links:
            link.close()
    attacks.result("a flood of unsigned requests of 60 kB", *flood(cluster, SECONDS, _ask))
    worker = cluster.state(1)
    attacks.result(
        "the worker's reports came through", worker.get("state") == "serving", str(worker.get("reason"))
    )
    refused = cluster.state().get("refused", {})
    attacks.result(
        "what was refused is counted in the state", bool(refused.get(f"port {REPORTS}")), str(refused)
    )
    attacks.result("no internal error", cluster.internal_errors() == 0)
    cluster.close()
    attacks.end()


def _open(addresses: list[str]) -> list[socket.socket]:
    links = []
    for number in range(CONNECTIONS):
        link = socket.socket()
        link.settimeout(2)
        with contextlib.suppress(OSError):
            link.bind((addresses[number % len(addresses)], 0))
            link.connect((HEAD, REPORTS))
            link.send(b"POST /v2/report HTTP/1.1\r\nA: ")
            link.setblocking(False)
            links.append(link)
    return links


def _ask() -> None:
    request = b"POST /v2/report HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    with socket.create_connection((HEAD, REPORTS), 5, source_address=(STRANGER, 0)) as link:
        link.sendall(request)
        link.recv(4096)


if __name__ == "__main__":
    os.umask(0o022)
    main()
