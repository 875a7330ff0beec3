"""A worker: one loop from the head's token to membership, and on as a mirror of the head."""

import contextlib
import ssl

from ray_node.agent import decide, state
from ray_node.agent.decide_worker import WorkerObserved
from ray_node.agent.head_orders import HeadOrders
from ray_node.agent.phases import Action, Phase, Step
from ray_node.agent.supervisor import POLL_SECONDS, Supervisor
from ray_node.agent.work import Work
from ray_node.channel import report_client
from ray_node.channel.report import INTERVAL_SECONDS, HeadAnswer, NodeReport
from ray_node.channel.report_client import Reporter
from ray_node.cluster import token
from ray_node.cluster.token import BadToken
from ray_node.host import clock, log, probe, versions
from ray_node.host.failure import Culprit, NodeFailed, RestartNeeded
from ray_node.host.steps import Steps

#: Once Ray on the head has not listed the node for this long, its raylet is cut off or dead.
_ABSENT_SECONDS = 15.0
#: Ray starts after this time even if the head has not answered the first report.
_ANSWER_SECONDS = 3.0
_RAY_STOP_SECONDS = 6.0
#: Between two passes, where something is awaited.
_PAUSES = {Phase.TOKEN: 0.1, Phase.HEAD: 0.1, Phase.ANSWER: 0.05, Phase.JOINING: POLL_SECONDS / 2}


class Worker(Supervisor):
    token: str | None = None
    session: str | None = None
    reporter: Reporter | None = None
    orders: HeadOrders | None = None
    phase = Phase.TOKEN
    #: Of the phase; `token` and `head` share theirs.
    deadline = clock.Deadline(0)
    #: Since when the head's Ray has not listed this node.
    absent_since: float | None = None
    #: Ends follower and Ray of a node that is to leave.
    leaving: Work[None] | None = None

    def live(self) -> None:
        self.deadline = clock.Deadline(self.config.deadlines.head)
        while True:
            self.pause(self.look())

    def look(self) -> float:
        """One pass: observe, decide, act, publish. Returns the seconds until the next. Raises NodeFailed."""
        seen = self._observe()
        step = decide.decide(self.phase, seen)
        if step.phase is Phase.GONE:
            raise self._end_of(step, seen)
        if step.phase is not self.phase:
            self.phase = step.phase
            self._enter(step)
        self._act()
        return _PAUSES.get(self.phase, POLL_SECONDS)

    def close(self) -> None:
        if self.orders is not None:
            self.orders.close(self._beat_through)
        if self.reporter is not None:
            self.reporter.close()

    def linger(self, deadline: clock.Deadline) -> None:
        """Report the reason to the head, even when Ray itself refused this node. The reporter has ended."""
        while not deadline.passed:
            if self.token is None:
                with contextlib.suppress(OSError, BadToken):
                    self.token = token.read(self.config.paths.token)
            if self.token is not None and self.tls is None:
                with contextlib.suppress(NodeFailed):
                    self.open_tls(self.token)
            # Without the token the head would only see a wrong signature.
            if self.token is not None:
                head, port = self.config.head.address, self.config.ports.node_report
                report_client.post(self._report(), head, port, self.token, self._client_tls())
            self.pause(INTERVAL_SECONDS)

    def _observe(self) -> WorkerObserved:
        answer = self.reporter.last_answer if self.reporter is not None else None
        ended = self._restart(answer) or self._refused(answer)
        silent = self.reporter is not None and self.reporter.silent_seconds > 3 * INTERVAL_SECONDS
        return WorkerObserved(
            token=self.token is not None,
            head_open=self.phase is Phase.HEAD and self._head_port() == probe.OPEN,
            answered=answer is not None or self.deadline.passed,
            listed=self.phase is Phase.JOINING and self._is_listed(answer),
            silent=silent,
            leave=answer.leave if answer is not None else None,
            restart=ended if isinstance(ended, RestartNeeded) else None,
            refused=None if isinstance(ended, RestartNeeded) else ended,
        )

    def _is_listed(self, answer: HeadAnswer | None) -> bool:
        """Ray may still list an earlier run of this node: its own Ray must be up, too."""
        own, port = self.own.address, self.config.ports.node_manager
        return answer is not None and bool(answer.alive) and probe.tcp(own, port) == probe.OPEN

    def _head_port(self) -> str:
        """A TCP probe: Ray's own retries take 14 minutes and say nothing useful."""
        return probe.tcp(self.config.head.address, self.config.ports.gcs)

    def _restart(self, answer: HeadAnswer | None) -> NodeFailed | None:
        """What ends this node's Ray. From `ray start` on the node belongs to one session of the head."""
        if self.phase is Phase.OUT:
            return None
        try:
            self.check_ray()
        except NodeFailed as failure:
            return failure
        if answer is None:
            return None
        if self.ray is not None and self.session not in (None, answer.session):
            head = self._head_culprit("has restarted")
            return RestartNeeded("the head has restarted, this node joins its new session", head)
        self.session = answer.session
        self.state.put(session=answer.session)
        absent = answer.alive is False and self.phase is Phase.MEMBER
        self.absent_since = (self.absent_since or clock.monotonic()) if absent else None
        if self.absent_since is not None and clock.monotonic() - self.absent_since > _ABSENT_SECONDS:
            return RestartNeeded(f"Ray on the head has not listed this node for {_ABSENT_SECONDS:.0f} s")
        return None

    def _refused(self, answer: HeadAnswer | None) -> NodeFailed | None:
        """Why this node cannot join."""
        last = self.reporter.last if self.reporter is not None else None
        if last is not None and last.wrong_token and not self.was_member:
            return NodeFailed(last.problem or "wrong token")
        if answer is not None:
            wrong = versions.mismatch(self.versions, answer.versions, self.environment.ray)
            if wrong is not None:
                return NodeFailed(f"version mismatch: {wrong}")
        if self.phase is Phase.TOKEN:
            return self._read_token()
        if not self.deadline.passed:
            return None
        if self.phase is Phase.HEAD and (met := self._head_port()) != probe.OPEN:
            port, waited = self.config.ports.gcs, f"{self.deadline.seconds:.0f} s"
            if met == probe.NO_ANSWER:
                met += ", it is down or a firewall drops what comes to this port"
            reason = f"the head {self.config.head} did not open Ray's port {port} within {waited}: {met}"
            return NodeFailed(reason, self._head_culprit(f"Ray's port {port}: {met}"))
        if self.phase is Phase.JOINING and not self._is_listed(answer):
            said = last.problem if last is not None else None
            why = said or "Ray on the head does not list this node"
            return NodeFailed(f"not a member after {self.deadline.seconds:.0f} s: {why}")
        return None

    def _read_token(self) -> NodeFailed | None:
        path = self.config.paths.token
        try:
            self.token = token.read(path)
        except OSError as error:
            return NodeFailed(f"the token file {path} cannot be read: {error.strerror}")
        except BadToken as error:
            # A place may still be writing it.
            return NodeFailed(f"the token file {path} {error}") if self.deadline.passed else None
        if self.token is not None:
            log.hide(self.token)
        elif self.deadline.passed:
            waited = f"{self.deadline.seconds:.0f} s"
            reason = f"no token at {path} after {waited}; the head creates it there"
            return NodeFailed(reason, self._head_culprit("did not create the token"))
        return None

    def _enter(self, step: Step) -> None:
        if step.phase is Phase.HEAD:
            self._open_channel()
        elif step.phase is Phase.ANSWER:
            self.deadline = clock.Deadline(_ANSWER_SECONDS)
        elif step.phase is Phase.JOINING:
            self.start_ray()
            self.deadline = clock.Deadline(self.config.deadlines.membership)
        elif step.phase is Phase.MEMBER:
            self._become_member()
        elif step.phase is Phase.OUT:
            self.leaving = Work("leaving the cluster", self._leave())
            self.state.become(step.phase.shows, step.reason)

    def _open_channel(self) -> None:
        head, port = self.config.head.address, self.config.ports.node_report
        assert self.token is not None
        self.open_tls(self.token)
        self.reporter = Reporter(self._report, head, port, self.token, self._client_tls())
        own = (self.name, self.own.address)
        self.orders = HeadOrders(
            self.config,
            self.state,
            own,
            self.token,
            self.environment.ray,
            self.reporter,
            self.mounts_memory,
            self.tls,
        )

    def _client_tls(self) -> ssl.SSLContext | None:
        return None if self.tls is None else self.tls.client

    def _become_member(self) -> None:
        answer = self.reporter.last_answer if self.reporter is not None else None
        self.was_member = True
        self.state.put(member=True)
        if self.orders is not None and self.orders.take_tasks(self.task_handlers()):
            self.state.become(state.JOINED, answer.verdict if answer is not None else None)

    def _leave(self) -> Steps[None]:
        """Stop what runs here of the engine, then Ray. The file server goes on: others may be fetching."""
        if self.orders is not None:
            self.orders.leave(self.pause)
        if self.ray is not None:
            yield from self.ray.stopping(_RAY_STOP_SECONDS)
            self.ray = None
        self.state.put(member=False)

    def _act(self) -> None:
        """What a pass does in its phase."""
        head, reporter = self.config.head, self.reporter
        if self.phase is Phase.TOKEN:
            path = self.config.paths.token
            self.state.wait_for(f"waiting for the token of the head {head} at {path}", self.deadline)
        elif self.phase is Phase.HEAD:
            what = f"waiting for the head {head}, port {self.config.ports.gcs}: {self._head_port()}"
            self.state.wait_for(what, self.deadline)
        elif self.phase is Phase.ANSWER and reporter is not None:
            # A wrong token or version is known at once, and exactly.
            reporter.now()
        elif self.phase is Phase.JOINING:
            self.state.wait_for(f"joining the cluster at {self.config.gcs_address}", self.deadline)
        elif self.phase is Phase.OUT and self.leaving is not None:
            self.leaving.look()
        elif reporter is not None and reporter.last_answer is not None:
            self._follow(reporter.last_answer)

    def _follow(self, answer: HeadAnswer) -> None:
        """Mirror the head's state; a head that is silent still means what it said last."""
        if self.orders is not None:
            self.orders.obey(answer, self.pause)
        if self.phase is Phase.SILENT:
            silent = "does not answer reports"
            reason = f"the head {self.config.head} {silent}; its last state was '{answer.state}'"
            self.state.become(state.JOINED, reason, self._head_culprit(silent))
            return
        self.state.put(member=answer.alive is not False)
        if answer.state != state.STARTING:
            self.state.become(answer.state, f"head: {answer.reason}" if answer.reason else None)

    def _end_of(self, step: Step, seen: WorkerObserved) -> NodeFailed:
        if step.action is Action.END and seen.refused is not None:
            return seen.refused
        return seen.restart or RestartNeeded(step.reason or "this node restarts")

    def _beat_through(self, seconds: float) -> None:
        """A pause at the end of the node: nothing interrupts it."""
        clock.sleep(seconds)
        self.state.beat()

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
            staged=self.orders.staged if self.orders is not None else None,
            follower=self.orders.followed(delay) if self.orders is not None else None,
            result=self.orders.result if self.orders is not None else None,
        )

    def _head_culprit(self, reason: str) -> Culprit:
        return Culprit(self.config.head.name, self.config.head.address, reason)
