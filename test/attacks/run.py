"""Runs the attack programs beside one another, each in a network namespace of its own.

run.py [--long] [--only NAME,NAME]   exits with 1 when one was broken; the last line is `N survived, N broken`

RAY_PYTHONS: Pythons that have ray[default], separated by colons, for `ray_ports`.

Needs root. The long form takes hours: numbers and times are then those that break what is not bounded.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
#: Those that take longest come first.
SHORT = (
    *("ray_ports", "floods", "disks", "tls_port", "exhaust_connections", "kill_random", "lying_hub"),
    *("partitions", "report_port", "lying_peer", "token_leaks", "engines", "decoders", "another_user"),
    "unsigned_mirror",
)
LONG = (*SHORT, "waiting_operator", "soak")
_AT_ONCE = 4
_END = re.compile(r"^== .*: tried (\d+), survived (\d+), broken (\d+)$", re.MULTILINE)


def pythons_of(name: str) -> list[str]:
    """Those that the program is run by, one after another or beside each other."""
    if name != "ray_ports":
        return [sys.executable]
    found = [python for python in os.environ.get("RAY_PYTHONS", "").split(":") if python]
    if not found:
        print(f"skipped: {name}: no RAY_PYTHONS")
    return found


def run(name: str, python: str, is_long: bool) -> tuple[int, int, str]:
    """How many attacks were survived and broken, and what was said."""
    paths = (ROOT / "lib" / "runtime", ROOT / "test" / "python" / "helpers", HERE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    script = 'ip link set lo up && mount --make-rprivate / && exec "$@"'
    program = [python, str(HERE / f"{name}.py"), *(["--long"] if is_long else [])]
    ended = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", *program],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    found = _END.search(ended.stdout)
    if found is None:
        return 0, 1, f"{ended.stdout}BROKEN    {name} ended with {ended.returncode}\n"
    return int(found[2]), int(found[3]), ended.stdout


def main() -> None:
    is_long = "--long" in sys.argv
    chosen = sys.argv[sys.argv.index("--only") + 1].split(",") if "--only" in sys.argv else None
    names = chosen or (LONG if is_long else SHORT)
    jobs = [(name, python) for name in names for python in pythons_of(name)]
    lock, counts = threading.Lock(), [0, 0]

    def work() -> None:
        while True:
            with lock:
                if not jobs:
                    return
                name, python = jobs.pop(0)
            began = time.monotonic()
            survived, broken, said = run(name, python, is_long)
            with lock:
                counts[0] += survived
                counts[1] += broken
                print(f"{said}   {name}: {time.monotonic() - began:.0f} s", flush=True)

    threads = [threading.Thread(target=work) for _ in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{counts[0]} survived, {counts[1]} broken")
    sys.exit(1 if counts[1] else 0)


if __name__ == "__main__":
    main()
