"""The preflight of the whole cluster, on the head: ask every node, judge, hand out the rank table."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray_node.channel import plain
from ray_node.channel.errand import Errand, ErrandResult
from ray_node.channel.errand_desk import ErrandDesk
from ray_node.channel.errand_runner import Handlers, perform
from ray_node.config.preflight_config import PreflightConfig
from ray_node.hardware.finding import FAILED, REPORT_FILE, Finding, PreflightReport, first_words
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu.pings import PingSummary
from ray_node.host import clock
from ray_node.host.background import Background
from ray_node.host.failure import ClusterFailed, Culprit
from ray_node.preflight import collective_pair
from ray_node.preflight import errands as preflight_errands
from ray_node.preflight import judge as preflight_judge
from ray_node.preflight import table as preflight_table
from ray_node.preflight.collective_pair import PairResult, PairSide
from ray_node.preflight.facts import NodeFacts

#: Gathering on a board of 16 dies takes seconds, pings to many nodes minutes.
_SECONDS = {
    preflight_errands.FACTS: 180.0,
    preflight_errands.PINGS: 900.0,
    preflight_errands.PAIR: 180.0,
    preflight_errands.RANK_TABLE: 60.0,
}
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Participant:
    name: str
    address: str
    accelerators: int


class PreflightRun:
    """One preflight. `pause` waits and keeps the head's heartbeat; what it raises ends the preflight."""

    def __init__(
        self,
        wanted: PreflightConfig,
        participants: Sequence[Participant],
        desk: ErrandDesk,
        own: Handlers,
        rendezvous_port: int,
        pause: Callable[[float], None],
        tell: Callable[[str], None],
    ) -> None:
        """The head is the first participant; `own` are its handlers. `tell` says what is under way."""
        self._wanted = wanted
        self._participants = participants
        self._desk = desk
        self._own = own
        self._port = rendezvous_port
        self._pause = pause
        self._tell = tell
        self._silent: list[Finding] = []

    def run(self) -> PreflightReport:
        try:
            return self._run()
        finally:
            self._desk.clear()

    def _run(self) -> PreflightReport:
        self._tell("asks every node for its facts")
        answers = self._everywhere(preflight_errands.FACTS, {node.address: {} for node in self._participants})
        facts = self._decoded(NodeFacts, answers)
        first = preflight_judge.judge(self._wanted, facts, others=self._silent)
        if first.failures:
            # Pings and collectives over what is known to be broken only repeat it, slowly.
            return first
        pings = self._pings(facts)
        pairs = [] if any(summary.lost for summary in pings.values()) else self._pairs(facts)
        report = preflight_judge.judge(self._wanted, facts, pings, pairs, self._silent)
        return report if report.failures else self._with_table(report, facts)

    def _pings(self, facts: Sequence[NodeFacts]) -> dict[str, PingSummary]:
        boards = preflight_judge.boards(self._wanted, facts)
        bodies = {
            board.address: {"targets": plain.encode(npu_pings.targets(board, boards))} for board in boards
        }
        asked = {address: body for address, body in bodies.items() if body["targets"]}
        if not asked:
            return {}
        count = sum(len(body["targets"]) for body in asked.values())
        self._tell(f"{count} pings between the NPUs of {len(asked)} nodes")
        answers = self._everywhere(preflight_errands.PINGS, asked)
        names = {board.address: board.node for board in boards}
        return {
            names[address]: plain.decode(PingSummary, result.body)
            for address, result in answers.items()
            if result.error is None
        }

    def _pairs(self, facts: Sequence[NodeFacts]) -> list[PairResult]:
        """Neighbours in the order of the plan; two rounds, so that no node is in two pairs at once."""
        if self._wanted.collective != "nccl":
            return []
        able = [node for node in facts if node.has_torch and node.planned_accelerators > 0]
        backend = collective_pair.GLOO if self._wanted.emulated else collective_pair.NCCL
        neighbours = [
            (one, other) for one, other in itertools.pairwise(facts) if one in able and other in able
        ]
        if len(able) < len(facts):
            lacking = ", ".join(node.node for node in facts if node not in able)
            self._tell(f"no collective is tried on {lacking}: no accelerators, or no PyTorch in the image")
        results = []
        for start in (0, 1):
            pairs = neighbours[start::2]
            if not pairs:
                continue
            self._tell(f"tries a collective between {len(pairs)} pairs of neighbours")
            bodies: dict[str, dict[str, Any]] = {}
            for one, other in pairs:
                rendezvous = f"{one.address}:{self._port}"
                for rank, node in enumerate((one, other)):
                    bodies[node.address] = {"rank": rank, "rendezvous": rendezvous, "backend": backend}
            answers = self._everywhere(preflight_errands.PAIR, bodies)
            for one, other in pairs:
                sides = tuple(_side(answers.get(node.address), backend) for node in (one, other))
                results.append(PairResult(one.node, other.node, sides))
        return results

    def _with_table(self, report: PreflightReport, facts: Sequence[NodeFacts]) -> PreflightReport:
        """The same table on every node, or a finding that says where it is not."""
        planned = self._wanted.rank_table
        if planned is None:
            return report
        having = [node for node in facts if node.planned_accelerators > 0]
        made, problems = preflight_table.make(planned, having, self._wanted.device_ips)
        if made is None:
            return PreflightReport((*report.findings, *problems))
        self._tell("hands out the rank table")
        body = {"text": made}
        answers = self._everywhere(preflight_errands.RANK_TABLE, {node.address: body for node in having})
        kept = {address: result.body.get("checksum") for address, result in answers.items()}
        compared = preflight_table.compare(planned, having, kept, rank_table.checksum(made))
        return PreflightReport((*report.findings, *self._silent, *compared))

    def _everywhere(self, kind: str, bodies: Mapping[str, dict[str, Any]]) -> dict[str, ErrandResult]:
        """One errand at every address; a node that fails or is silent becomes a finding."""
        own = self._participants[0].address
        self._desk.ask(kind, {address: body for address, body in bodies.items() if address != own})
        here: Background[ErrandResult] | None = None
        if own in bodies:
            errand = Errand("own", kind, bodies[own])
            here = Background(lambda: perform(self._own, errand))
        deadline = clock.Deadline(_SECONDS[kind])
        while (self._desk.missing() or (here is not None and not here.done)) and not deadline.passed:
            self._pause(_POLL_SECONDS)
        results = self._desk.results()
        if here is not None and here.done:
            results[own] = here.result()
        for node in self._participants:
            if node.address not in bodies:
                continue
            result = results.get(node.address)
            if result is None:
                seen = f"no answer within {deadline.seconds:.0f} s"
            elif result.error is not None:
                seen = result.error
            else:
                continue
            fix = "look at the log of the node's container"
            self._silent.append(Finding(node.name, node.address, None, kind, FAILED, seen, fix))
        return results

    def _decoded(self, kind: type[NodeFacts], answers: Mapping[str, ErrandResult]) -> list[NodeFacts]:
        found = []
        for node in self._participants:
            result = answers.get(node.address)
            if result is None or result.error is not None:
                continue
            try:
                found.append(plain.decode(kind, result.body))
            except plain.NotPlain as error:
                fix = "run the same version of the node program on every node"
                self._silent.append(Finding(node.name, node.address, None, "facts", FAILED, str(error), fix))
        return found


def problem_of(report: PreflightReport) -> ClusterFailed | None:
    """The report as the head's failure, blamed on the first node that failed."""
    if not report.failures:
        return None
    first = report.failures[0]
    reason = f"preflight: {first_words(report.failures)}"
    lines = report.as_text().splitlines()
    return ClusterFailed(reason, Culprit(first.node, first.address, first.words), lines[:60])


def save(report: PreflightReport, state_folder: str) -> None:
    """Where `ray_node preflight --cluster` finds it. A disk that is full must not end a cluster."""
    path = os.path.join(state_folder, REPORT_FILE)
    draft = f"{path}.{os.getpid()}.new"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(report.as_json())
    os.replace(draft, path)


def _side(result: ErrandResult | None, backend: str) -> PairSide:
    if result is None or result.error is not None:
        return PairSide("no answer" if result is None else result.error, 0.0, backend, None)
    return plain.decode(PairSide, result.body)
