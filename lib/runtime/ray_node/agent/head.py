"""The head: starts Ray, waits for the members, keeps the engine serving, and reports what is wrong."""

import secrets
from dataclasses import asdict

from ray_node.agent import node_staging, state
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.head_engine import HeadEngine
from ray_node.agent.head_preflight import check_machines
from ray_node.agent.head_staging import HeadStaging
from ray_node.agent.readiness import ReadinessCheck, ReadyPage
from ray_node.agent.retry_budget import RetryBudget
from ray_node.agent.supervisor import POLL_SECONDS, Supervisor
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.cluster import token
from ray_node.cluster.membership import Assessment
from ray_node.host import clock, log, probe, steps
from ray_node.host.failure import (
    BudgetSpent,
    ClusterFailed,
    Culprit,
    EngineFailed,
    MembershipLost,
    NodeFailed,
    Trouble,
)
from ray_node.preflight import cluster_preflight

#: A verdict that waiting will not change ends the wait when it has held this long.
_DEFINITE_SECONDS = 15.0
#: Ray needs up to this long to notice that a silent node is dead (64 s measured for a frozen one).
_RAY_NOTICES_SECONDS = 75.0
_ENGINE_PORT_SECONDS = 10.0


class Head(Supervisor):
    session = ""
    view: ClusterView | None = None
    engine: HeadEngine | None = None
    staging: HeadStaging | None = None
    assessment = Assessment((), ())
    #: The membership the engine was started on; while set, every wait raises MembershipLost on a change.
    _formed: Assessment | None = None

    def live(self) -> None:
        view, engine = self._begin()
        budget = RetryBudget(self.config.retries.engine_starts, engine.is_job)
        while not engine.has_succeeded():
            try:
                budget.settle(was_broken=self._await_membership(view))
                self._check_machines(view)
                self._stage(view)
                self._preflight(view)
                steps.drive(engine.attempt(self.assessment.members), self.pause)
            except MembershipLost as lost:
                budget.lost(lost, was_running=engine.job is not None)
                self._end_attempt(state.DEGRADED, lost)
            except EngineFailed as caught:
                failed = steps.drive(engine.explain(caught), super().pause)
                budget.failed(failed, engine.proven)
                self._end_attempt(state.DEGRADED, failed)
            except ClusterFailed as given_up:
                if self._give_up(given_up) or not engine.is_job:
                    budget.renew()
        self._formed = None
        while True:
            self.pause()

    def close(self) -> None:
        if self.engine is not None:
            steps.drive(self.engine.stopping(self.config.deadlines.stop / 2), clock.sleep)
            self.engine.await_stop_heard()
        if self.staging is not None:
            self.staging.close()
        if self.view is not None:
            self.view.close()
            self.view = None

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        """Every wait of the head also looks at Ray and at the nodes, and publishes what it sees."""
        super().pause(seconds)
        self.check_ray()
        if self.view is None:
            return
        self.assessment = self.view.look()
        self.state.put(members=[_published(asdict(member)) for member in self.assessment.members])
        if self.state.state != state.FAILED:
            # Asked for while an attempt is under way: that attempt is the answer.
            state.take_retry_request(self.config.paths.state)
        if self._formed is not None:
            self.view.guard(self._formed)
        if self.engine is not None:
            self.engine.check()

    def _begin(self) -> tuple[ClusterView, HeadEngine]:
        self.session = secrets.token_hex(8)
        self.state.put(session=self.session)
        value: str | None = None
        if self.config.ray.authentication == "token":
            try:
                value = token.ensure(self.config.paths.token)
            except OSError as error:
                raise NodeFailed(f"cannot create the token at {self.config.paths.token}: {error}") from error
            log.hide(value)
        own_staging = node_staging.of(self.config, self.name, self.own.address, value)
        if own_staging is not None:
            self.staging = HeadStaging(own_staging, self.name, self.own.address)
        self.start_ray()
        page = ReadyPage(ReadinessCheck(self.config))
        self.view = ClusterView(self.config, value, self.environment.ray, self._answer, page.reply)
        self.engine = HeadEngine(
            self.config,
            self.state,
            self.environment.engine,
            Culprit(self.name, self.own.address, ""),
            self.view.heard,
        )
        return self.view, self.engine

    def _await_membership(self, view: ClusterView) -> bool:
        """Until every planned node has been a member for the hold time. Returns whether one was missing.

        Raises ClusterFailed at the deadline, earlier when waiting cannot help.
        """
        deadline = clock.Deadline(self.config.deadlines.membership)
        broken = False
        definite_since: float | None = None
        while True:
            if self.assessment.whole and self._hold(view):
                return broken
            broken = True
            self._note_own_membership()
            definite = any(member.definite for member in self.assessment.missing)
            definite_since = (definite_since or clock.monotonic()) if definite else None
            if definite_since is not None and clock.monotonic() - definite_since > _DEFINITE_SECONDS:
                raise ClusterFailed(str(self.assessment), self.assessment.culprit)
            if deadline.passed:
                reason = f"not all nodes joined within {deadline.seconds:.0f} s: {self.assessment}"
                raise ClusterFailed(reason, self.assessment.culprit)
            if self.assessment.members:
                self.state.wait_for(f"waiting for {self.assessment}", deadline)
            self.pause(POLL_SECONDS / 2)

    def _note_own_membership(self) -> None:
        """`joined`: this node's own Ray is a member, the others are awaited."""
        own = self.view.member(self.own.address) if self.view is not None else None
        if own is not None and own.alive:
            self.was_member = True
            self.state.put(member=True)
            if self.state.state not in (state.DEGRADED, state.RETRYING, state.JOINED):
                self.state.become(state.JOINED, "Ray is running on the head")

    def _hold(self, view: ClusterView) -> bool:
        """The membership is whole: it must stay so for the hold time. Whether it did."""
        self.was_member = True
        self.state.put(member=True)
        nodes = len(self.assessment.members)
        accelerators = sum(member.accelerators for member in self.assessment.members)
        self.state.become(state.FORMED, f"{nodes} of {nodes} nodes are members, {accelerators} accelerators")
        formed = self.assessment.node_ids
        hold = clock.Deadline(self.config.deadlines.hold)
        silence = clock.Deadline(_RAY_NOTICES_SECONDS)
        while not hold.passed or (view.quiet() and not silence.passed):
            self.pause()
            if not self.assessment.whole or self.assessment.node_ids != formed:
                reason = f"the membership changed during the hold time: {self.assessment}"
                self.state.become(state.JOINED, reason, self.assessment.culprit)
                return False
        return True

    def _stage(self, view: ClusterView) -> None:
        """Until every node has the model. Raises ClusterFailed."""
        staging = self.staging
        if staging is None:
            return
        self._formed = self.assessment
        staging.begin()
        self.state.become(state.STAGING, staging.node.title)
        try:
            while not staging.look(self.assessment.members, view.heard()):
                self.state.put(staging=staging.published())
                self.state.wait_for(staging.waiting, staging.node.deadline, is_progress=True)
                self.pause()
        finally:
            self.state.put(staging=staging.published())
        log.event(state.STAGING, staging.outcome)

    def _check_machines(self, view: ClusterView) -> None:
        """Versions, clocks, devices, fabric, images: before hours go into a model. Raises ClusterFailed."""
        self._formed = self.assessment
        early = cluster_preflight.judge(
            self.assessment.members, self.own.address, self.versions, view.heard(), self.environment.ray
        )
        if early.problem is not None:
            raise early.problem
        members, handlers = self.assessment.members, self.task_handlers()
        steps.drive(check_machines(self.config, self.state, handlers, members, view.tasks), self.pause)

    def _preflight(self, view: ClusterView) -> None:
        self.state.become(state.COMPARING, "comparing the nodes")
        self._formed = self.assessment
        self.await_true(lambda: not view.unheard(), clock.Deadline(cluster_preflight.REPORT_WAIT_SECONDS))
        outcome = cluster_preflight.judge(
            self.assessment.members, self.own.address, self.versions, view.heard(), self.environment.ray
        )
        for warning in outcome.warnings:
            self.state.warn(warning)
        if outcome.problem is not None:
            raise outcome.problem
        api = self.config.engine.api
        if api is None:
            return
        port = api.port
        if not self.await_true(
            lambda: probe.is_free(self.own.address, port), clock.Deadline(_ENGINE_PORT_SECONDS)
        ):
            reason = f"the engine's port {port} is in use by another program"
            raise ClusterFailed(reason, Culprit(self.name, self.own.address, reason))

    def _give_up(self, trouble: Trouble) -> bool:
        """`failed`: stay, watch, and return when there is a reason to retry. Whether one was requested."""
        self._end_attempt(state.FAILED, trouble)
        if self.staging is not None:
            self.staging.give_up()
        was_broken = not self.assessment.whole
        # A job that has failed is not run again because of a node that came back.
        heals = not (isinstance(trouble, BudgetSpent) and self.engine is not None and self.engine.is_job)
        while True:
            self.pause()
            if state.take_retry_request(self.config.paths.state):
                self.state.become(state.RETRYING, "on request")
                return True
            if not self.assessment.whole:
                was_broken = True
            elif was_broken and heals:
                self.state.become(state.RETRYING, "all nodes are members again")
                return False

    def _end_attempt(self, into: str, trouble: Trouble) -> None:
        self._formed = None
        self.state.put(completion=None)
        self.state.become(into, trouble.reason, trouble.culprit, trouble.log_lines)
        if self.engine is not None:
            if self.engine.runs:
                log.event(into, "stopping the engine")
            steps.drive(self.engine.stopping(self.config.deadlines.stop / 2), self.pause)

    def _answer(self, received: NodeReport) -> HeadAnswer:
        """Called in the report server's threads: reads only whole values."""
        view = self.view
        seen = view.member(received.address) if view is not None else None
        known = view is not None and view.is_known()
        task = view.tasks.exchange(received.address, received.result) if view is not None else None
        return HeadAnswer(
            session=self.session,
            state=self.state.state,
            reason=self.state.reason,
            versions=self.versions,
            alive=(seen is not None and seen.alive) if known else None,
            verdict=seen.verdict if seen is not None else "not a planned node",
            staging=self.staging.attempt if self.staging is not None else None,
            run=self.engine.group.run_for(received.address) if self.engine is not None else None,
            task=task,
        )


def _published(member: dict[str, object]) -> dict[str, object]:
    """A member as it stands in the state file."""
    names = ("name", "pool", "address", "ok", "verdict", "accelerators", "planned")
    return {name: member[name] for name in names}
