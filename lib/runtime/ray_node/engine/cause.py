"""The cause of an engine's failure, from its output while it comes.

The processes of an engine fail one after the other, and the last to end says only that another one did: "See
root cause above" (vllm-project/vllm#26898, #19002, #23176). The cause stands hundreds of lines before.
"""

import re
from dataclasses import dataclass

from ray_node.engine import symptoms
from ray_node.engine.symptoms import Symptom
from ray_node.host import clock, text

#: Errors that come this long after the last one are another failure: what was met earlier was survived.
_APART_SECONDS = 60.0
#: What ends a process, or an engine that has served, is told shortly before.
_FRESH_SECONDS = 300.0
_LONGEST = 300
#: What engines, Ray and torch write before each line of a traceback: processes (Ray's worker within the
#: engine's), level, time, place, rank.
_BEFORE = re.compile(
    r"^\s*(?P<processes>(?:\(\w[^()]*?\bpid=\d+[^()]*\)\s*)*)"
    r"(?:(?:ERROR|CRITICAL|FATAL)\s+[\d-]+ [\d:.,]+ (?:\[?[\w./]+:\d+\]\s?)?)?"
    r"(?:\[rank\d+\]:\s?)?"
)
#: The last line of a traceback; a frame or a log line is indented, or has words before.
#: Some classes are only known by their module to be one: `huggingface_hub.errors.OfflineModeIsEnabled: ...`.
_RAISED = re.compile(
    r"^(?:ray\.exceptions\.\w+\()?(?:\w+\.)*\w*(?:Error|Exception|Exit)\b\)?(?::| *$)"
    r"|^(?:[a-z_]\w*\.)+(?:errors|exceptions)\.[A-Z]\w+(?::| *$)"
)
#: How vLLM, NCCL, Ray, HCCL, torch (`[E131 18:11:34.7 x.cpp:1]`, before 2.6 `[E x.cpp:1]`), Ray's core
#: (`[2023-09-19 17:35:16,659 E 1450 3289]`), its autoscaler, CANN, the shell and Python begin what is an
#: error without being raised.
_TOLD = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL|NCCL WARN|Fatal Python error)\b|\(raylet\)|\bE[A-Z]\d{4}\b"
    r"|\[E\d* [\w.: ]+\]|,\d+ E \d+ \d+\]|\[Error\]|\(autoscaler [^)]*\) Error:|^/bin/sh: \d+: "
    r"|^The error from device\("
)
_CHAINED = re.compile(r"During handling of the above exception|direct cause of the following exception")
#: They say that something else has failed.
_OTHERS = re.compile(
    r"[Ss]ee (root cause|stack trace)|initialization failed|EngineDead|Actor(Died|Unavailable|HandleNotFound)"
    r"|RayTaskError|ncclRemoteError|remote process exited|Connection (reset|closed|refused)|Broken pipe"
    r"|BrokenPipeError|CancelledError|EOFError|SystemExit|KeyboardInterrupt"
)
#: Ray shows equal lines of all processes once.
_REPEATED = re.compile(r" \[repeated \d+x across cluster\].*$")
#: Where Ray says that a line comes from another machine.
_ADDRESS = re.compile(r"\bip=(\d+(?:\.\d+){3})\b")


@dataclass(frozen=True)
class Cause:
    #: The line, without what stood before it.
    said: str
    symptom: Symptom | None
    #: Of the machine, where the line says it.
    address: str | None

    @property
    def is_final(self) -> bool:
        return self.symptom is not None and self.symptom.is_final

    def __str__(self) -> str:
        return self.said if self.symptom is None else f"{self.said}; {self.symptom.fix}"


class CauseWatch:
    """`note` is called by one thread, the rest by any."""

    def __init__(self) -> None:
        self._cause: Cause | None = None
        self._is_chained = False
        self._at = 0.0

    def cause(self, is_fresh: bool) -> Cause | None:
        """Of the last failure that the output tells; `is_fresh`: none that was met long ago."""
        stale = is_fresh and clock.monotonic() - self._at > _FRESH_SECONDS
        return None if stale else self._cause

    def forget(self) -> None:
        """The engine serves: what it has met until now was survived."""
        self._cause = None

    def note(self, lines: list[str]) -> None:
        for line in lines:
            self._look(line)

    def _look(self, line: str) -> None:
        found = _BEFORE.match(line)
        rest = _REPEATED.sub("", line if found is None else line[found.end() :])
        if _CHAINED.search(rest):
            self._is_chained = self._cause is not None
            return
        symptom = symptoms.find(rest) if _is_error(line, rest) else None
        if symptom is None and (not _RAISED.match(rest) or _OTHERS.search(rest)):
            return
        now = clock.monotonic()
        is_new = self._cause is None or now - self._at > _APART_SECONDS
        known = None if self._cause is None else self._cause.symptom
        self._at = now
        if is_new or (known is None and (symptom is not None or self._is_chained)):
            where = None if found is None else _ADDRESS.search(found["processes"])
            address = None if where is None else where.group(1)
            self._cause = Cause(text.one_line(rest, _LONGEST), symptom, address)
        self._is_chained = False


def _is_error(line: str, rest: str) -> bool:
    """A known phrase counts in an error, not in a warning that the engine survives or a list of arguments."""
    return _RAISED.match(rest) is not None or _TOLD.search(line) is not None
