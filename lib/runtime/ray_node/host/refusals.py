"""What was refused, by channel and cause: counted, and told in the log so that a flood is a few lines."""

import threading

from ray_node.host import log

#: Different causes of one channel; beyond them they are counted together.
_MOST_CAUSES = 40
_OTHER = "other"

_lock = threading.Lock()
_counts: dict[str, dict[str, int]] = {}


def note(channel: str, code: str, text: str = "") -> None:
    """Count one. The 1st, 10th, 100th, ... of a cause is logged; `text` says who and why."""
    with _lock:
        causes = _counts.setdefault(channel, {})
        cause = code if code in causes or len(causes) < _MOST_CAUSES else _OTHER
        count = causes[cause] = causes.get(cause, 0) + 1
    if count in (1, 10, 100, 1000) or count % 10_000 == 0:
        again = f" (so far {count} times)" if count > 1 else ""
        log.line(f"refused, {channel}, {cause}{again}{': ' if text else ''}{text}")


def counts() -> dict[str, dict[str, int]]:
    """By channel and cause, since the start of the program."""
    with _lock:
        return {channel: dict(causes) for channel, causes in _counts.items()}


def forget() -> None:
    """For tests."""
    with _lock:
        _counts.clear()
