"""The head's report port where the nodes speak TLS: strangers that never end a handshake, or end it wrongly.

It goes on serving; threads, descriptors and memory of the head stay, and the worker's reports come through.
"""

import contextlib
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from report import IS_LONG, Attacks, descriptors, resident_mib, threads

from cluster import HEAD, REPORTS, STRANGER, Cluster, Watch, add_address, flood

CONNECTIONS = 3_000 if IS_LONG else 600
SECONDS = 30 if IS_LONG else 3
#: Longer than the server waits for a request.
HELD_SECONDS = 30 if IS_LONG else 6
#: A record of the handshake that says it has 16 KiB, of which nothing comes.
HALF_A_RECORD = b"\x16\x03\x01\x40\x00\x01"
#: Of one address (admission.py).
OF_ONE = 16
STRANGERS = [f"10.99.78.{index}" for index in range(1, 41)]


def hello() -> bytes:
    """The first message of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trusting().wrap_bio(incoming, outgoing, server_hostname=HEAD).do_handshake()
    return outgoing.read()


def trusting(folder: Path | None = None) -> ssl.SSLContext:
    """Takes any certificate, and shows that of another authority, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if folder is not None:
        context.load_cert_chain(str(folder / "own.crt"), str(folder / "own.key"))
    return context


def make_certificate(folder: Path) -> None:
    """Of an authority of the stranger's own, for the worker's address."""
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=npu-1", "-addext", "subjectAltName=IP:10.99.0.2"]
    files = ["-keyout", str(folder / "own.key"), "-out", str(folder / "own.crt")]
    subprocess.run(["openssl", "req", *options, *names, *files], check=True, capture_output=True)


def connected(address: str) -> socket.socket:
    return socket.create_connection((HEAD, REPORTS), 3, source_address=(address, 0))


def half_open(attacks: Attacks, cluster: Cluster, name: str, first: bytes, drip: bytes) -> None:
    """Connections of 40 addresses that say `first`, then a byte of `drip` at times."""
    pid = cluster.program(0) or 0
    before = threads(pid), descriptors(pid), resident_mib(pid)
    watch, links = Watch(cluster), []
    for number in range(CONNECTIONS):
        with contextlib.suppress(OSError):
            link = connected(STRANGERS[number % len(STRANGERS)])
            link.sendall(first)
            link.setblocking(False)
            links.append(link)
    seen, end, at = before, time.monotonic() + HELD_SECONDS, 0
    while time.monotonic() < end:
        for link in links:
            with contextlib.suppress(OSError):
                link.send(drip[at : at + 1])
        at += 1
        now = threads(pid), descriptors(pid), resident_mib(pid)
        seen = max(seen[0], now[0]), max(seen[1], now[1]), max(seen[2], now[2])
        time.sleep(0.3)
    served = watch.end()
    few = before[1] + OF_ONE * len(STRANGERS) + 20
    small = seen[0] < before[0] + 20 and seen[1] < few and seen[2] < before[2] + 64
    told = f"threads {before[0]} -> {seen[0]}, descriptors {before[1]} -> {seen[1]}, "
    told += f"{before[2]:.0f} -> {seen[2]:.0f} MiB; {watch}"
    attacks.result(f"{len(links)} handshakes that {name}", served and small, told)
    for link in links:
        link.close()


def attempts(folder: Path) -> dict[str, Callable[[], object]]:
    request = b"GET /ready HTTP/1.1\r\n\r\n"

    def handshake(context: ssl.SSLContext) -> None:
        with connected(STRANGER) as link, context.wrap_socket(link) as tls:
            # In TLS 1.3 the refusal comes after the client's own end of the handshake.
            tls.sendall(request)
            if tls.recv(1):
                raise AssertionError("a stranger was answered")

    def plain() -> None:
        with connected(STRANGER) as link:
            link.sendall(request)
            link.recv(100)

    def noise() -> None:
        with connected(STRANGER) as link:
            link.sendall(b"\x16\x03\x01" + os.urandom(60_000))
            link.recv(100)

    old = trusting()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    return {
        "handshakes without a certificate": lambda: handshake(trusting()),
        "handshakes with another authority's": lambda: handshake(trusting(folder)),
        "handshakes of TLS 1.2": lambda: handshake(old),
        "requests in clear": plain,
        "noise": noise,
    }


def main() -> None:
    attacks = Attacks("TLS")
    for address in (STRANGER, *STRANGERS):
        add_address(address)
    cluster = Cluster(workers=1)
    for index in cluster.values:
        own = cluster.root / f"tls{index}"
        names = {"authority": "authority.crt", "certificate": "node.crt", "key": "node.key"}
        cluster.values[index]["tls"] = {key: str(own / name) for key, name in names.items()}
        cluster.write(index)
    cluster.start_all()
    if not cluster.serving():
        attacks.result("the cluster serves", False, cluster.log()[-1500:])
        attacks.end()
    first = hello()
    half_open(attacks, cluster, "never begin", b"", b"")
    half_open(attacks, cluster, "drip", b"", first)
    half_open(attacks, cluster, "announce what never comes", HALF_A_RECORD, b"\0" * 100)
    half_open(attacks, cluster, "end after the first message", first, b"")
    make_certificate(cluster.root)
    for name, attempt in attempts(cluster.root).items():
        try:
            attempt()
            answered = "closed"
        except (OSError, ValueError) as error:
            answered = type(error).__name__
        except AssertionError as error:
            attacks.result(f"{name} are refused", False, str(error))
            continue
        attacks.result(f"{name} are refused", True, answered)
        attacks.result(f"a flood of {name}", *flood(cluster, SECONDS, attempt))
    worker = cluster.state(1)
    came = worker.get("state") == "serving"
    attacks.result("the worker's reports came through", came, str(worker.get("reason")))
    refused = cluster.state().get("refused", {})
    counted = refused.get(f"port {REPORTS}", {}) if isinstance(refused, dict) else {}
    kinds = {"no-certificate", "other-authority", "no-tls", "too-slow"}
    attacks.result("each kind is counted", kinds <= set(counted), str(counted))
    attacks.result("no internal error", cluster.internal_errors() == 0 and "internal" not in counted)
    cluster.close()
    attacks.end()


if __name__ == "__main__":
    os.umask(0o022)
    main()
