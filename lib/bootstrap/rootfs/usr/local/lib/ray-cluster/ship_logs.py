"""Copies what the node's services write to the journal to a place that outlives the machine.

ship_logs.py

The file `logs` of the boot names a source, which gets `ROLE/MACHINE` as its last argument and a JSON list of
`{"timestamp", "message"}` on standard input. What it does not take is offered again, also after a reboot.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

BOOT = Path(os.environ.get("BOOT_FOLDER", "/etc/ray-cluster/boot"))
STATE = Path(os.environ.get("STATE_FOLDER", "/var/lib/ray-cluster"))
MACHINE = Path(os.environ.get("MACHINE_FILE", "/var/lib/cloud/data/instance-id"))
UNITS = ("ray-cluster.service", "ray-cluster-announce.service")
#: CloudWatch takes 1,048,576 bytes a call with 26 more for each event, 10,000 events, and those of one day
#: (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
MOST_BYTES, EXTRA_BYTES, MOST_EVENTS, MOST_MS = 1_000_000, 26, 9_000, 23 * 3_600_000
PAUSE_SECONDS, RETRY_SECONDS = 5.0, 30.0

Event = dict[str, Any]


def events(lines: Iterable[str]) -> Iterator[tuple[str, Event | None]]:
    """Cursor and event of each entry; entries without words have none."""
    for line in lines:
        entry = json.loads(line)
        text = entry.get("MESSAGE") or ""
        # What is no UTF-8 is a list of bytes.
        message = (bytes(text).decode(errors="replace") if isinstance(text, list) else text).strip("\r\n\0")
        at = int(entry["__REALTIME_TIMESTAMP"]) // 1000
        yield entry["__CURSOR"], {"timestamp": at, "message": message} if message.strip() else None


def batch(entries: Iterable[tuple[str, Event | None]]) -> tuple[str | None, list[Event]]:
    """As many as one call takes, by time, and the last cursor. The clock may have been set back meanwhile."""
    size, first, last = 0, 0, None
    found: list[Event] = []
    for cursor, event in entries:
        if event is not None:
            size += len(event["message"].encode()) + EXTRA_BYTES
            first = first or event["timestamp"]
            is_far = abs(event["timestamp"] - first) > MOST_MS // 2
            if found and (size > MOST_BYTES or len(found) == MOST_EVENTS or is_far):
                break
            found.append(event)
        last = cursor
    return last, sorted(found, key=lambda event: int(event["timestamp"]))


def journal(cursor: str) -> tuple[str | None, list[Event]]:
    """The next batch after a cursor; from the boot on without one, or where the journal has lost it."""
    after = [f"--after-cursor={cursor}"] if cursor else ["--boot"]
    units = [f"--unit={unit}" for unit in UNITS]
    command = ["journalctl", "--all", "--no-pager", "--quiet", "--output=json", *units, *after]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stdout is not None
        found = batch(events(process.stdout))
        process.terminate()
    return found if found[0] or not cursor or process.returncode <= 0 else journal("")


def ship(source: list[str], state: Path, read: Callable[[str], tuple[str | None, list[Event]]]) -> bool:
    """Whether there may be more at once; raises CalledProcessError where the source takes nothing."""
    cursor, found = read(state.read_text() if state.exists() else "")
    if found:
        subprocess.run(source, input=json.dumps(found), text=True, capture_output=True, check=True)
    if cursor is not None:
        part = state.with_suffix(".part")
        part.write_text(cursor)
        part.replace(state)
    return bool(found)


def follow(one: Callable[[], bool], is_over: Callable[[float], bool]) -> None:
    """Until the end, and once more then."""
    said, ends = "", False
    while not ends:
        try:
            pause, said = (0.0 if one() else PAUSE_SECONDS), ""
        except subprocess.CalledProcessError as error:
            words = f"logs stay on this machine for now: {(error.stderr or '').strip() or error}"
            if words != said:
                print(words, file=sys.stderr, flush=True)
            pause, said = RETRY_SECONDS, words
        ends = is_over(pause)
    one()


def main() -> None:
    name, *arguments = (BOOT / "logs").read_text().split()
    role = next(line[5:] for line in (BOOT / "settings").read_text().splitlines() if line.startswith("role="))
    stream = f"{role}/{MACHINE.read_text().strip()}"
    source = [str(Path(__file__).parent / "sources" / name), *arguments, stream]
    state = STATE / "log-cursor"
    state.parent.mkdir(parents=True, exist_ok=True)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    follow(lambda: ship(source, state, journal), over.wait)


if __name__ == "__main__":
    main()
