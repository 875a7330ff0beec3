"""The preflight of the whole cluster, on the head: ask every node, judge, distribute the rank table."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ray_node.channel import plain
from ray_node.channel.tasks import Handlers, Task, TaskBoard, TaskResult, perform
from ray_node.config.preflight_config import PreflightConfig
from ray_node.hardware.finding import FAILED, REPORT_FILE, Finding, PreflightReport, Subject, first_words
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu.pings import PingSummary
from ray_node.host import clock, whole_file
from ray_node.host.background import Background
from ray_node.host.failure import ClusterFailed, Culprit
from ray_node.host.steps import Steps
from ray_node.preflight import collective_pair, shared_folder
from ray_node.preflight import judge as preflight_judge
from ray_node.preflight import table as preflight_table
from ray_node.preflight import tasks as preflight_tasks
from ray_node.preflight.collective_pair import PairResult, PairSide
from ray_node.preflight.facts import NodeFacts
from ray_node.preflight.shared_folder import FolderTask, SeenFolder
from ray_node.preflight.tasks import FactsTask, KeptTable, Lacking, RequirementsTask, TableTask

T = TypeVar("T")

#: Gathering on a board of 16 dies takes seconds; pings have more, by their number.
_SECONDS = {
    preflight_tasks.FACTS: 180.0,
    preflight_tasks.PINGS: 120.0,
    preflight_tasks.PAIR: 180.0,
    preflight_tasks.RANK_TABLE: 60.0,
    preflight_tasks.FOLDER: 60.0,
    preflight_tasks.REQUIREMENTS: 60.0,
}
_POLL_SECONDS = 0.1
#: Who holds the accelerators.
_OCCUPATION = ("gpu memory", "npu memory", "npu in use")


@dataclass(frozen=True)
class Participant:
    name: str
    address: str


class PreflightRun:
    """One preflight; `run` may be closed at any wait."""

    def __init__(
        self,
        wanted: PreflightConfig,
        participants: Sequence[Participant],
        board: TaskBoard,
        own: Handlers,
        rendezvous_port: int,
        log: Callable[[str], None],
        shared_folder: str | None = None,
        beside: bool = False,
    ) -> None:
        """The head is the first participant; `own` are its handlers.

        `shared_folder` is the model's, where the plan says that all nodes see the same one. `beside`: an
        engine has the accelerators, so their memory is not asked for, and no collective is tried.
        """
        self._wanted = replace(wanted, memory_share=0.0) if beside else wanted
        self._beside = beside
        self._participants = participants
        self._board = board
        self._own = own
        self._port = rendezvous_port
        self._log = log
        self._shared_folder = shared_folder
        self._silent: list[Finding] = []

    def run(self) -> Steps[PreflightReport]:
        try:
            report = yield from self._run()
            return _without_occupation(report) if self._beside else report
        finally:
            self._board.clear()

    def _run(self) -> Steps[PreflightReport]:
        self._log("asking every node for its facts")
        task = plain.encode(FactsTask(self._wanted.memory_share))
        bodies: dict[str, dict[str, Any]] = {node.address: task for node in self._participants}
        found = yield from self._everywhere(preflight_tasks.FACTS, bodies, NodeFacts)
        facts = list(found.values())
        first = preflight_judge.judge(self._wanted, facts, others=self._silent)
        if first.failures:
            # Pings and collectives over what is known to be broken only repeat it, slowly.
            return first
        others = yield from self._shared_storage(facts)
        if any(finding.outcome == FAILED for finding in others):
            return PreflightReport((*first.findings, *others))
        self._silent.extend(others)
        pings = yield from self._pings(facts)
        lost = any(summary.lost for summary in pings.values())
        pairs = [] if lost else (yield from self._pairs(facts))
        report = preflight_judge.judge(self._wanted, facts, pings, pairs, self._silent)
        return report if report.failures else (yield from self._with_table(report, facts))

    def lacking(self, task: RequirementsTask) -> Steps[PreflightReport]:
        """What the images of the nodes do not hold of what the engine needs."""
        bodies = {node.address: plain.encode(task) for node in self._participants}
        try:
            found = yield from self._everywhere(preflight_tasks.REQUIREMENTS, bodies, Lacking)
        finally:
            self._board.clear()
        fix = "use an image that holds it, on every node"
        problems = [
            Subject(node.name, node.address).failed(preflight_tasks.REQUIREMENTS, problem, fix)
            for node in self._participants
            if node.address in found and (problem := found[node.address].problem) is not None
        ]
        return PreflightReport((*self._silent, *problems))

    def _shared_storage(self, facts: Sequence[NodeFacts]) -> Steps[list[Finding]]:
        """A mark of the head, looked for by all others."""
        folder, head, *others = self._shared_folder, *(node.address for node in facts)
        if folder is None or not others or head != self._participants[0].address:
            return []
        self._log(f"comparing {folder} on all nodes")
        marked = yield from self._folder({head: FolderTask(shared_folder.WRITE, folder)})
        written = marked.get(head)
        if written is None:
            return []
        seen: dict[str, SeenFolder] = {}
        if written.mark is not None:
            try:
                look = FolderTask(shared_folder.LOOK, written.mark)
                seen = yield from self._folder(dict.fromkeys(others, look))
            finally:
                self._own[preflight_tasks.FOLDER](
                    plain.encode(FolderTask(shared_folder.REMOVE, written.mark))
                )
        return shared_folder.judge(facts, written, seen, folder)

    def _folder(self, tasks: Mapping[str, FolderTask]) -> Steps[dict[str, SeenFolder]]:
        bodies = {address: plain.encode(task) for address, task in tasks.items()}
        return (yield from self._everywhere(preflight_tasks.FOLDER, bodies, SeenFolder))

    def _pings(self, facts: Sequence[NodeFacts]) -> Steps[dict[str, PingSummary]]:
        boards = preflight_judge.boards(self._wanted, facts)
        bodies = {
            board.address: {"targets": plain.encode(npu_pings.targets(board, boards))} for board in boards
        }
        asked = {address: body for address, body in bodies.items() if body["targets"]}
        if not asked:
            return {}
        count = sum(len(body["targets"]) for body in asked.values())
        self._log(f"running {count} pings between the NPUs of {len(asked)} nodes")
        # Every node pings all others, so what one of them takes grows with their number.
        most = max(len(body["targets"]) for body in asked.values())
        seconds = npu_pings.longest_seconds(most)
        found = yield from self._everywhere(preflight_tasks.PINGS, asked, PingSummary, seconds)
        names = {board.address: board.node for board in boards}
        return {names[address]: summary for address, summary in found.items()}

    def _pairs(self, facts: Sequence[NodeFacts]) -> Steps[list[PairResult]]:
        """Neighbours in the order of the plan; two rounds, so that no node is in two pairs at once."""
        # Containers of one machine, which have no image to compare, have no network between them to try.
        one_machine = self._wanted.emulated and not any(node.image_digests for node in facts)
        if self._wanted.collective != "nccl" or self._beside or one_machine:
            return []
        able = [node for node in facts if node.has_torch and node.planned_accelerators > 0]
        backend = collective_pair.GLOO if self._wanted.emulated else collective_pair.NCCL
        neighbours = [
            (one, other) for one, other in itertools.pairwise(facts) if one in able and other in able
        ]
        if len(able) < len(facts):
            lacking = ", ".join(node.node for node in facts if node not in able)
            self._log(f"skipping the collective on {lacking}: no accelerators, or no PyTorch in the image")
        results = []
        for start in (0, 1):
            pairs = neighbours[start::2]
            if not pairs:
                continue
            self._log(f"trying a collective between {len(pairs)} pairs of neighbours")
            bodies: dict[str, dict[str, Any]] = {}
            for one, other in pairs:
                rendezvous = f"{one.address}:{self._port}"
                for rank, node in enumerate((one, other)):
                    bodies[node.address] = {"rank": rank, "rendezvous": rendezvous, "backend": backend}
            found = yield from self._everywhere(preflight_tasks.PAIR, bodies, PairSide)
            silent = PairSide("no result", 0.0, backend, None)
            for one, other in pairs:
                sides = tuple(found.get(node.address, silent) for node in (one, other))
                results.append(PairResult(one.node, other.node, sides))
        return results

    def _with_table(self, report: PreflightReport, facts: Sequence[NodeFacts]) -> Steps[PreflightReport]:
        """The same table on every node, or a finding that says where it is not."""
        planned = self._wanted.rank_table
        if planned is None:
            return report
        having = [node for node in facts if node.planned_accelerators > 0]
        made, problems = preflight_table.make(planned, having, self._wanted.device_ips)
        if made is None:
            return PreflightReport((*report.findings, *problems))
        self._log("distributing the rank table")
        task = plain.encode(TableTask(planned.path, made))
        found = yield from self._everywhere(
            preflight_tasks.RANK_TABLE, dict.fromkeys((node.address for node in having), task), KeptTable
        )
        kept = {address: table.checksum for address, table in found.items()}
        compared = preflight_table.compare(planned, having, kept, rank_table.checksum(made))
        return PreflightReport((*report.findings, *self._silent, *compared))

    def _everywhere(
        self, kind: str, bodies: Mapping[str, dict[str, Any]], found: type[T], more_seconds: float = 0.0
    ) -> Steps[dict[str, T]]:
        """What the nodes at these addresses found; a node that fails or is silent becomes a finding."""
        own = self._participants[0].address
        self._board.assign(kind, {address: body for address, body in bodies.items() if address != own})
        here: Background[TaskResult] | None = None
        if own in bodies:
            task = Task("own", kind, bodies[own])
            here = Background(lambda: perform(self._own, task))
        deadline = clock.Deadline(_SECONDS[kind] + more_seconds)
        while (self._board.missing() or (here is not None and not here.done)) and not deadline.passed:
            yield _POLL_SECONDS
        results = self._board.results()
        if here is not None and here.done:
            results[own] = here.result()
        decoded = {}
        for node in self._participants:
            if node.address not in bodies:
                continue
            result, fix = results.get(node.address), "look at the log of the node's container"
            if result is None:
                seen = f"no answer within {deadline.seconds:.0f} s"
            elif result.error is not None:
                seen = result.error
            else:
                try:
                    decoded[node.address] = plain.decode(found, result.body)
                    continue
                except plain.NotPlain as error:
                    seen, fix = str(error), "run the same version of the node program on every node"
            self._silent.append(Subject(node.name, node.address).failed(kind, seen, fix))
        return decoded


def _without_occupation(report: PreflightReport) -> PreflightReport:
    """The engine that serves is no news."""
    return PreflightReport(tuple(item for item in report.findings if item.check not in _OCCUPATION))


def problem_of(report: PreflightReport) -> ClusterFailed | None:
    """The report as the head's failure; the first node that failed is the culprit."""
    if not report.failures:
        return None
    first = report.failures[0]
    reason = f"preflight: {first_words(report.failures)}"
    lines = report.as_text().splitlines()
    return ClusterFailed(reason, Culprit(first.node, first.address, first.words), lines[:60])


def save(report: PreflightReport, state_folder: str) -> None:
    """Where `ray_node preflight --cluster` finds it. A disk that is full must not end a cluster."""
    whole_file.write(os.path.join(state_folder, REPORT_FILE), report.as_json())
