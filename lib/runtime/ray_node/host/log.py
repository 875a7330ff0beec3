"""Plain log lines on stdout: time, state, message. A registered secret never gets through."""

import sys
import threading

from ray_node.host import clock

_lock = threading.Lock()
_secrets: list[str] = []
_subject = ""


def hide(secret: str) -> None:
    """From now on `secret` is replaced in everything that is printed, also in an engine's output."""
    if secret and secret not in _secrets:
        _secrets.append(secret)


def redact(text: str) -> str:
    """`text` without any registered secret."""
    for secret in _secrets:
        text = text.replace(secret, "<secret>")
    return text


def line(text: str) -> None:
    """Print one line as it is (redacted). A closed stdout must not end the node program."""
    with _lock:
        try:
            sys.stdout.write(redact(text) + "\n")
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            pass


def subject(number: str | None) -> None:
    """From now on events name the workload with this number; `None`: none."""
    global _subject
    _subject = f"[{number}] " if number else ""


def event(state: str, message: str) -> None:
    """Print `message` with time, state and workload; further lines of the message are indented."""
    first, *rest = message.splitlines() or [""]
    line(f"{clock.stamp()} {state:<9} {_subject}{first}")
    for text in rest:
        line(" " * 4 + text)
