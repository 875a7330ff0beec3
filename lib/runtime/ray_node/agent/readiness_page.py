"""The head's answer to `GET /ready` for anybody: read-only, bounded, without log lines."""

import json
import threading
from dataclasses import dataclass

from ray_node.agent import rollout_record
from ray_node.agent.readiness import FAILED, SERVING, WAITING, ReadinessCheck, Verdict
from ray_node.channel.routes import Reply, Request
from ray_node.config import workload
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import log
from ray_node.host.background import Background
from ray_node.host.text import printable

_STATUS = {WAITING: 503, SERVING: 200, FAILED: 500}
#: A request for the verdict does not wait longer than this for a completion that is under way.
_ANSWER_SECONDS = 2.0
_MAXIMUM_LINES = 100
_MAXIMUM_LINE = 500
#: Workloads that are judged at once: current, next and the one before them.
_MOST_CHECKS = 4


@dataclass
class _Judged:
    check: ReadinessCheck
    look: Background[Verdict] | None = None


class ReadyPage:
    """`GET /ready?workload=<number>`; without a number, of what is rolled out or runs."""

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._judged: dict[str | None, _Judged] = {}
        if config.workload is not None:
            self._judged[None] = _Judged(ReadinessCheck(config, None, config.workload))
        self._lock = threading.Lock()

    def reply(self, request: Request) -> Reply:
        """Called in the server's threads. However many ask, one look for each workload is under way."""
        with self._lock:
            judged = self._find(request.parameters.get("workload", ""))
            if isinstance(judged, Reply):
                return judged
            if judged.look is None or judged.look.done:
                judged.look = Background(judged.check.look)
            look = judged.look
        if look.wait(_ANSWER_SECONDS):
            return _reply(look.result())
        return _reply(Verdict(WAITING, "serving: waiting for a completion"))

    def _find(self, number: str) -> _Judged | Reply:
        if self._config.workload is not None:
            return self._judged[None]
        if number and not workload.is_number(number):
            return Reply(400, b"the number of a workload is 12 hexadecimal digits")
        found = (
            rollout_record.known(self._config, number) if number else rollout_record.expected(self._config)
        )
        if found is None:
            failed = rollout_record.failure(self._config, number) if number else None
            if failed is not None:
                return _reply(Verdict(FAILED, failed.text))
            what = f"workload {number} has not been delivered" if number else "no workload has been delivered"
            return _reply(Verdict(WAITING, what))
        return self._judge(found.number, found.workload)

    def _judge(self, number: str, found: Workload) -> _Judged:
        judged = self._judged.pop(number, None) or _Judged(ReadinessCheck(self._config, number, found))
        # The last one asked for comes last; the oldest goes.
        self._judged[number] = judged
        for oldest in list(self._judged)[:-_MOST_CHECKS]:
            del self._judged[oldest]
        return judged


def _reply(verdict: Verdict) -> Reply:
    lines = log.redact(verdict.text).splitlines()[:_MAXIMUM_LINES]
    text = "\n".join(printable(line, _MAXIMUM_LINE) for line in lines)
    content = json.dumps({"verdict": verdict.verdict, "text": text}, ensure_ascii=False)
    return Reply(_STATUS[verdict.verdict], content.encode())
