"""A worker: waits for the head, joins, then reports and mirrors the head's state until something ends it."""

import contextlib

from ray_node.agent import node_staging, state
from ray_node.agent.follower import Follower
from ray_node.agent.node_staging import NodeStaging
from ray_node.agent.supervisor import POLL_SECONDS, Supervisor
from ray_node.channel import report_client
from ray_node.channel.report import INTERVAL_SECONDS, HeadAnswer, NodeReport
from ray_node.channel.report_client import Reporter
from ray_node.channel.tasks import TaskRunner
from ray_node.cluster import token
from ray_node.host import clock, log, probe, versions
from ray_node.host.failure import Culprit, NodeFailed, RestartNeeded

#: Once Ray on the head has not listed the node for this long, its raylet is cut off or dead.
_ABSENT_SECONDS = 15.0
#: Between reports of a node that runs a process of the engine, or while the head assigns tasks.
QUICK_INTERVAL_SECONDS = 0.5
#: Ray starts after this time even if the head has not answered the first report.
_ANSWER_SECONDS = 3.0


class Worker(Supervisor):
    token: str | None = None
    session: str | None = None
    reporter: Reporter | None = None
    follower: Follower | None = None
    staging: NodeStaging | None = None
    tasks: TaskRunner | None = None

    def live(self) -> None:
        deadline = clock.Deadline(self.config.deadlines.head)
        if self.config.ray.authentication == "token":
            self.token = self._await_token(deadline)
        reporter = Reporter(self._report, self.config.head.address, self.config.ports.node_report, self.token)
        self.reporter = reporter
        command = self.config.follower
        if command is not None:
            self.follower = Follower(self.config, command, self.name, self.environment.engine, reporter.now)
        self._await_head(reporter, deadline)
        self._await_answer(reporter)
        self.staging = node_staging.of(self.config, self.name, self.own.address, self.token)
        self.start_ray()
        self._join(reporter)
        self.tasks = TaskRunner(self.task_handlers(), done=reporter.now)
        self._follow(reporter)

    def close(self) -> None:
        if self.follower is not None:
            self.follower.close(self._beat_through)
        if self.staging is not None:
            self.staging.close()
        if self.reporter is not None:
            self.reporter.close()

    def linger(self, deadline: clock.Deadline) -> None:
        """Report the reason to the head, even when Ray itself refused this node. The reporter has ended."""
        needs_token = self.config.ray.authentication == "token"
        while not deadline.passed:
            if needs_token and self.token is None:
                with contextlib.suppress(OSError):
                    self.token = token.read(self.config.paths.token)
            # Without the token the head would only see a wrong signature.
            if self.token is not None or not needs_token:
                head, port = self.config.head.address, self.config.ports.node_report
                report_client.post(self._report(), head, port, self.token)
            self.pause(INTERVAL_SECONDS)

    def _await_token(self, deadline: clock.Deadline) -> str:
        path = self.config.paths.token
        while True:
            try:
                found = token.read(path)
            except OSError as error:
                raise NodeFailed(f"the token file {path} cannot be read: {error.strerror}") from error
            if found is not None:
                log.hide(found)
                return found
            if deadline.passed:
                raise NodeFailed(
                    f"no token at {path} after {deadline.seconds:.0f} s; the head creates it there",
                    self._head_culprit("did not create the token"),
                )
            self.state.wait_for(f"waiting for the token of the head {self.config.head} at {path}", deadline)
            self.pause(0.1)

    def _await_head(self, reporter: Reporter, deadline: clock.Deadline) -> None:
        """A TCP probe: Ray's own retries take 14 minutes and say nothing useful."""
        head, port = self.config.head.address, self.config.ports.gcs
        while True:
            met = probe.tcp(head, port)
            if met == probe.OPEN:
                return
            self._check_answer(reporter)
            if deadline.passed:
                waited = f"{deadline.seconds:.0f} s"
                raise NodeFailed(
                    f"the head {self.config.head} did not open Ray's port {port} within {waited}: {met}",
                    self._head_culprit(f"Ray's port {port}: {met}"),
                )
            self.state.wait_for(f"waiting for the head {self.config.head}, port {port}: {met}", deadline)
            self.pause(0.1)

    def _await_answer(self, reporter: Reporter) -> None:
        """One answer before Ray starts: a wrong token or version is known at once, and exactly."""
        deadline = clock.Deadline(_ANSWER_SECONDS)
        while reporter.last_answer is None and not deadline.passed:
            reporter.now()
            self.pause(0.05)
            self._check_answer(reporter)
        self._check_answer(reporter)

    def _join(self, reporter: Reporter) -> None:
        """Wait until the head lists this node as ALIVE."""
        deadline = clock.Deadline(self.config.deadlines.membership)
        self.state.wait_for(f"joining the cluster at {self.config.gcs_address}", deadline)
        while not deadline.passed:
            self.pause(POLL_SECONDS / 2)
            self.check_ray()
            answer = self._check_answer(reporter)
            # Ray may still list an earlier run of this node: its own Ray must be up, too.
            if (
                answer is not None
                and answer.alive
                and probe.tcp(self.own.address, self.config.ports.node_manager) == probe.OPEN
            ):
                self.was_member = True
                self.state.put(member=True)
                self.state.become(state.JOINED, answer.verdict)
                return
        said = reporter.last.problem if reporter.last is not None else None
        why = said or "Ray on the head does not list this node"
        raise NodeFailed(f"not a member after {deadline.seconds:.0f} s: {why}")

    def _follow(self, reporter: Reporter) -> None:
        """Mirror the head's state until the cluster of this Ray no longer exists."""
        absent_since: float | None = None
        while True:
            self.pause()
            self.check_ray()
            answer = self._check_answer(reporter)
            if answer is None:
                continue
            self._follow_answer(reporter, answer)
            if reporter.silent_seconds > 3 * INTERVAL_SECONDS:
                silent = "does not answer reports"
                reason = f"the head {self.config.head} {silent}; its last state was '{answer.state}'"
                self.state.become(state.JOINED, reason, self._head_culprit(silent))
                continue
            self.state.put(member=answer.alive is not False)
            absent_since = (absent_since or clock.monotonic()) if answer.alive is False else None
            if absent_since is not None and clock.monotonic() - absent_since > _ABSENT_SECONDS:
                raise RestartNeeded(f"Ray on the head has not listed this node for {_ABSENT_SECONDS:.0f} s")
            if answer.state != state.STARTING:
                self.state.become(answer.state, f"head: {answer.reason}" if answer.reason else None)

    def _follow_answer(self, reporter: Reporter, answer: HeadAnswer) -> None:
        """Do what the head asks for; a head that is silent still means what it said last."""
        quick = self.follower is not None or answer.state == state.CHECKING
        reporter.interval_seconds = QUICK_INTERVAL_SECONDS if quick else INTERVAL_SECONDS
        self._stage(reporter, answer)
        if self.tasks is not None:
            self.tasks.take(answer.task)
        if self.follower is not None:
            self.follower.obey(answer.run, self.pause)
            self.state.put(follower=self.follower.published())

    def _stage(self, reporter: Reporter, answer: HeadAnswer) -> None:
        """Do what the head asks for, and report at once how it ended."""
        staging = self.staging
        if staging is None:
            return
        if answer.staging is None:
            staging.stop()
        else:
            staging.begin(answer.staging)
        if staging.look():
            reporter.now()
        self.state.put(staging=staging.published())
        if staging.is_under_way:
            self.state.wait_for(f"the model: {staging.text}", staging.deadline, is_progress=True)

    def _beat_through(self, seconds: float) -> None:
        """A pause at the end of the node: nothing interrupts it."""
        clock.sleep(seconds)
        self.state.beat()

    def _check_answer(self, reporter: Reporter) -> HeadAnswer | None:
        """The head's last answer. Raises NodeFailed when it means that this node cannot join.

        From `ray start` on the node belongs to one session of the head: RestartNeeded for another.
        """
        last, answer = reporter.last, reporter.last_answer
        if last is not None and last.wrong_token and not self.was_member:
            raise NodeFailed(last.problem or "wrong token")
        if answer is None:
            return None
        wrong = versions.mismatch(self.versions, answer.versions, self.environment.ray)
        if wrong is not None:
            raise NodeFailed(f"version mismatch: {wrong}")
        if self.ray is not None and self.session not in (None, answer.session):
            raise RestartNeeded(
                "the head has restarted, this node joins its new session",
                self._head_culprit("has restarted"),
            )
        self.session = answer.session
        self.state.put(session=answer.session)
        return answer

    def _report(self) -> NodeReport:
        """This node's own state, not the mirrored one: `failed` must mean that this node has failed."""
        own, reason = state.STARTING, self.state.waiting_for
        if self.failure is not None:
            own, reason = state.FAILED, self.failure.reason
        elif self.state.get("member"):
            own, reason = state.JOINED, None
        delay = self.reporter.delay_seconds if self.reporter is not None else 0.0
        return NodeReport(
            cluster=self.config.cluster,
            name=self.name,
            pool=self.config.node.pool,
            address=self.own.address,
            state=own,
            reason=reason,
            versions=self.versions,
            accelerators_found=self.devices.found,
            accelerators_planned=self.devices.planned,
            wall_clock=clock.wall(),
            staged=self.staging.staged if self.staging is not None else None,
            follower=self.follower.report(delay) if self.follower is not None else None,
            result=self.tasks.result if self.tasks is not None else None,
        )

    def _head_culprit(self, reason: str) -> Culprit:
        return Culprit(self.config.head.name, self.config.head.address, reason)
