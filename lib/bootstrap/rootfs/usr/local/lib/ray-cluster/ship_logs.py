"""Copies what the node's services write to the journal to a place that outlives the machine.

ship_logs.py

The file `logs` of the boot names a source, which gets `ROLE/MACHINE` as its last argument and a JSON list of
`{"timestamp", "message"}` on standard input. What it does not take is offered again, also after a reboot: the
journal keeps it, and this program holds one batch. The container writes to the journal, and waits for nothing
here.
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
from typing import Any, NamedTuple

BOOT = Path(os.environ.get("BOOT_FOLDER", "/etc/ray-cluster/boot"))
STATE = Path(os.environ.get("STATE_FOLDER", "/var/lib/ray-cluster"))
MACHINE = Path(os.environ.get("MACHINE_FILE", "/var/lib/cloud/data/instance-id"))
UNITS = ("ray-cluster.service", "ray-cluster-announce.service")
#: CloudWatch takes 1,048,576 bytes a call with 26 more for each event, 10,000 events, and those of one day
#: (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
MOST_BYTES, EXTRA_BYTES, MOST_EVENTS = 1_000_000, 26, 9_000
#: From the first event of a batch, in both directions.
FARTHEST_MS = 11 * 3_600_000
#: Of one event: 1 MB, 256 KB in some regions. What is refused for its size would be refused forever.
LONGEST_BYTES = 250_000
PAUSE_SECONDS, RETRY_SECONDS, CALL_SECONDS = 10.0, 30.0, 120.0

Event = dict[str, Any]


class Batch(NamedTuple):
    #: Of the last entry; `None`: there is none.
    cursor: str | None
    events: list[Event]
    #: Whether more entries follow.
    is_full: bool


def events(lines: Iterable[str]) -> Iterator[tuple[str, Event | None]]:
    """Cursor and event of each entry; entries without words have none."""
    for line in lines:
        entry = json.loads(line)
        text = entry.get("MESSAGE") or ""
        # What is no UTF-8 is a list of bytes.
        words = bytes(text).decode(errors="replace") if isinstance(text, list) else text
        message = words.encode()[:LONGEST_BYTES].decode(errors="ignore").strip("\r\n\0")
        at = int(entry["__REALTIME_TIMESTAMP"]) // 1000
        yield entry["__CURSOR"], {"timestamp": at, "message": message} if message.strip() else None


def batch(entries: Iterable[tuple[str, Event | None]]) -> Batch:
    """As many as one call takes, by time: the clock may have been set back meanwhile."""
    size, last, is_full = 0, None, False
    found: list[Event] = []
    for cursor, event in entries:
        if event is not None:
            size += len(event["message"].encode()) + EXTRA_BYTES
            is_far = bool(found) and abs(event["timestamp"] - found[0]["timestamp"]) > FARTHEST_MS
            is_full = is_far or size > MOST_BYTES or len(found) == MOST_EVENTS
            if is_full:
                break
            found.append(event)
        last = cursor
    return Batch(last, sorted(found, key=lambda event: int(event["timestamp"])), is_full)


def journal(cursor: str) -> Batch:
    """The next batch after a cursor; from the boot on without one, or where the journal has lost it."""
    after = [f"--after-cursor={cursor}"] if cursor else ["--boot"]
    units = [f"--unit={unit}" for unit in UNITS]
    command = ["journalctl", "--all", "--no-pager", "--quiet", "--output=json", *units, *after]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stdout is not None
        found = batch(events(process.stdout))
        process.terminate()
    return found if found.cursor or not cursor or process.returncode <= 0 else journal("")


def ship(source: list[str], state: Path, read: Callable[[str], Batch]) -> bool:
    """Whether more waits; raises SubprocessError where the source takes nothing."""
    found = read(state.read_text() if state.exists() else "")
    if found.events:
        text = json.dumps(found.events)
        subprocess.run(source, input=text, text=True, capture_output=True, check=True, timeout=CALL_SECONDS)
    if found.cursor is not None:
        part = state.with_suffix(".part")
        part.write_text(found.cursor)
        part.replace(state)
    return found.is_full


def follow(one: Callable[[], bool], is_over: Callable[[float], bool]) -> None:
    """Until the end, and then until nothing is left or nothing is taken."""
    said, ends = "", False
    while True:
        try:
            more, pause, said = one(), PAUSE_SECONDS, ""
        except subprocess.SubprocessError as error:
            words = f"logs stay on this machine for now: {reason(error)}"
            if words != said:
                print(words, file=sys.stderr, flush=True)
            more, pause, said = False, RETRY_SECONDS, words
        if ends and not more:
            return
        ends = ends or is_over(0.0 if more else pause)


def reason(error: subprocess.SubprocessError) -> str:
    said = getattr(error, "stderr", None)
    return (said.strip() if isinstance(said, str) else "") or str(error)


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
