"""Plain log lines on stdout: time, state, message. A registered secret never gets through.

A node program that runs (`start_writer`) never waits for stdout: what nobody reads is dropped, and counted.
"""

import atexit
import os
import queue
import sys
import threading

from ray_node.host import clock, secret_forms
from ray_node.host.text import harmless

_MARK = "<secret>"
#: Shorter ones would be found in every word.
_SHORTEST_SECRET = 4
_QUEUED_BYTES = 4 << 20
_FLUSH_SECONDS = 2.0

_lock = threading.Lock()
_forms: list[str] = []
_known: set[str] = set()
_subject = ""
_writer: "_Writer | None" = None


def hide(secret: str) -> None:
    """From now on `secret` is replaced in everything that is printed, also in an engine's output."""
    if len(secret) < _SHORTEST_SECRET or secret in _known:
        return
    _known.add(secret)
    found = {*_forms, *secret_forms.of(secret)}
    # The longest first: one form may hold another.
    _forms[:] = sorted((form for form in found if form not in _MARK), key=len, reverse=True)


def redact(words: str) -> str:
    """`words` without any registered secret, as it is or encoded, and without what a terminal obeys."""
    for form in _forms:
        if form in words:
            words = words.replace(form, _MARK)
    return harmless(words)


def line(text: str) -> None:
    """Print one line (redacted). Whatever stdout is, it must not end or hold up the node program."""
    raw(redact(text) + "\n")


def raw(words: str) -> None:
    """Print what has been redacted already."""
    if _writer is not None:
        _writer.put(words.encode(errors="replace"))
        return
    with _lock:
        try:
            sys.stdout.write(words)
            sys.stdout.flush()
        except (OSError, ValueError):
            return


def start_writer() -> None:
    """From now on a thread of its own writes, to the file descriptor itself."""
    global _writer
    if _writer is None:
        _writer = _Writer(1)
        atexit.register(_writer.flush, _FLUSH_SECONDS)


def forget(secret: str) -> None:
    """For tests."""
    _known.discard(secret)
    _forms[:] = [form for form in _forms if form not in secret_forms.of(secret)]


def subject(number: str | None) -> None:
    """From now on events name the workload with this number; `None`: none."""
    global _subject
    _subject = f"[{number}] " if number else ""


def event(state: str, message: str) -> None:
    """Print `message` with time, state and workload; further lines of the message are indented."""
    first, *rest = message.splitlines() or [""]
    line(f"{clock.stamp()} {state:<9} {_subject}{first}")
    for words in rest:
        line(" " * 4 + words)


class _Writer:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._size = 0
        self._dropped = 0
        self._counts = threading.Lock()
        self._empty = threading.Event()
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def put(self, content: bytes) -> None:
        with self._counts:
            if self._size + len(content) > _QUEUED_BYTES:
                self._dropped += content.count(b"\n")
                return
            self._size += len(content)
            self._empty.clear()
        self._queue.put(content)

    def flush(self, seconds: float) -> None:
        self._empty.wait(seconds)

    def _write(self) -> None:
        while True:
            content = self._queue.get()
            try:
                left = content
                while left:
                    left = left[os.write(self._descriptor, left) :]
            except OSError:
                # A full disk, a reader that is gone: the next line may come through.
                clock.pause(0.05)
            with self._counts:
                self._size -= len(content)
                dropped = 0
                if self._size == 0:
                    dropped, self._dropped = self._dropped, 0
                    if not dropped:
                        self._empty.set()
            if dropped:
                self.put(f"{clock.stamp()} {dropped} lines were dropped: nobody read stdout\n".encode())
