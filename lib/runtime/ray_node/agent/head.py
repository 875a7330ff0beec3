"""The head: one loop over the cluster, the workload that runs on it, and the next one."""

import os
import secrets

from ray_node.agent import decide, state
from ray_node.agent.cluster_track import ClusterTrack
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.head_engine import HeadEngine
from ray_node.agent.head_staging import HeadStaging
from ray_node.agent.head_workloads import HeadWorkloads
from ray_node.agent.node_staging import NodeStaging
from ray_node.agent.phases import Phase, Step, Track
from ray_node.agent.preparation import HeadPreparation
from ray_node.agent.readiness_page import ReadyPage
from ray_node.agent.rollout_track import RolloutTrack, Running
from ray_node.agent.supervisor import POLL_SECONDS, Supervisor
from ray_node.agent.workload_steps import WorkloadSteps
from ray_node.agent.workload_store import Taken
from ray_node.agent.workload_track import WorkloadTrack
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.cluster import shape, token
from ray_node.cluster.membership import Member
from ray_node.cluster.token import BadToken
from ray_node.config.workload import Workload
from ray_node.host import clock, log, steps
from ray_node.host.failure import Culprit, NodeFailed

#: Between two passes, at most, and at least.
_FORMING_SECONDS = POLL_SECONDS / 2
_SHORTEST_SECONDS = 0.02


class Head(Supervisor):
    session = ""
    view: ClusterView | None = None
    engine: HeadEngine | None = None
    staging: HeadStaging | None = None
    workloads: HeadWorkloads
    #: `None` with node.json of schema 1.
    rollout: RolloutTrack | None = None
    #: The number of the workload that is to run.
    subject: str | None = None
    #: The number of the workload that is loaded, as others see it.
    number: str | None = None
    #: As the state file has them.
    _published: tuple[Member, ...] = ()
    #: A delivery asks to try again.
    delivered: Taken | None = None

    def live(self) -> None:
        view, workload = self._begin()
        cluster = ClusterTrack(self.config.deadlines, self.own.address)
        while True:
            self.pause(self.look(view, cluster, workload))

    def look(self, view: ClusterView, cluster: ClusterTrack, workload: WorkloadTrack) -> float:
        """One pass: observe, decide, act, publish. Returns the seconds until the next. Raises NodeFailed."""
        found = view.look()
        if found.members != self._published:
            self._published = found.members
            self.state.put(members=[_plain(member) for member in found.members])
        # A request that comes during an attempt is answered by it; one that comes while it stops is kept.
        waits = workload.phase is Phase.FAILED and workload.runs
        asked = not waits and state.take_retry_request(self.config.paths.state)
        delivered, self.delivered = self.delivered, None
        ended = self._ended()
        has_shape = self.rollout is not None and self.number is not None
        cluster.tolerates_strangers = not has_shape or (self.rollout is not None and self.rollout.prepares)
        cluster.look(view, asked or delivered in (Taken.NEXT, Taken.CURRENT), ended)
        if ended is not None:
            raise ended
        self._note_membership(view)
        asked = asked or delivered is Taken.CURRENT
        workload.look(self.subject, cluster, view, asked, lambda: self._publish(cluster, workload))
        self._roll_out(cluster, workload)
        self._publish(cluster, workload)
        if cluster.awaits and found.members and workload.phase is not Phase.SUCCEEDED:
            self.state.wait_for(f"waiting for {found}", cluster.deadline)
        longest = POLL_SECONDS if cluster.formed else _FORMING_SECONDS
        return max(_SHORTEST_SECONDS, min(longest, workload.due_seconds))

    def close(self) -> None:
        if self.rollout is not None:
            self.rollout.close()
        if self.engine is not None:
            steps.drive(self.engine.stopping(self.config.deadlines.stop / 2), clock.sleep)
            self.engine.await_stop_heard()
        if self.staging is not None:
            self.staging.close()
        if self.view is not None:
            self.view.close()
            self.view = None

    def _begin(self) -> tuple[ClusterView, WorkloadTrack]:
        self.session = secrets.token_hex(8)
        self.state.put(session=self.session)
        path = self.config.paths.token
        try:
            value = token.ensure(path)
        except BadToken as error:
            raise NodeFailed(f"the token file {path} {error}") from error
        except OSError as error:
            what = "read" if os.path.exists(path) else "created"
            raise NodeFailed(f"the token at {path} cannot be {what}: {error.strerror or error}") from error
        log.hide(value)
        self.open_tls(value)
        own = Culprit(self.name, self.own.address, "")
        self.workloads = HeadWorkloads(self.config)
        self.subject = self.workloads.subject
        if (lost := self.workloads.lost) is not None:
            self.state.warn(lost)
        node = NodeStaging(self.config, (self.name, self.own.address), value, self.mounts_memory, self.tls)
        self.staging = HeadStaging(node, self.name, self.own.address)
        self.start_ray()
        ray, fetched, tls = self.environment.ray, self.workloads.reply, self.tls
        # With TLS a caller must have a certificate, so there is nobody to show the page to.
        page = ReadyPage(self.config).reply if tls is None else None
        context = None if tls is None else tls.server
        self.view = ClusterView(self.config, value, ray, self._answer, page, fetched, context)
        nothing = self.workloads.before
        self.engine = engine = HeadEngine(
            self.config, nothing, self.state, self.environment.engine, own, self.view.heard
        )
        work = WorkloadSteps(
            self.config, self.state, self.engine, self.staging, own, self.versions, ray, self.task_handlers()
        )
        preparation = HeadPreparation(self.view, work, self.config.deadlines.membership)
        if self.workloads.store is not None:
            self.rollout = RolloutTrack(self.workloads.store, preparation, own)

        def loaded(number: str, workload: Workload, before: Workload | None) -> None:
            work.before = before
            self.number = engine.number = self.workloads.public(number)
            log.subject(self.number)
            self.state.put(workload=self.number, endpoint=self.endpoint_of(workload))

        track = WorkloadTrack(
            self.config, self.state, self.engine, work, ray, self.workload_of, loaded, preparation
        )
        if self.subject is None and lost is not None:
            track.step = Step(Phase.NONE, reason=lost)
        return self.view, track

    def workload_of(self, number: str) -> Workload:
        return self.workloads.find(number)

    def _roll_out(self, cluster: ClusterTrack, workload: WorkloadTrack) -> None:
        """Go on with the next workload; what is to run may be another one then."""
        if self.rollout is None:
            return
        running = Running(
            workload.serves,
            workload.step.reason or "",
            workload.failed,
            workload.failure,
            workload.is_steady(cluster),
            self.state.waiting_for or self.state.reason,
        )
        self.delivered = self.rollout.look(running, cluster.formed)
        self.subject = self.rollout.subject
        self.state.put(rollout=self.rollout.published())

    def _ended(self) -> NodeFailed | None:
        try:
            self.check_ray()
        except NodeFailed as failure:
            return failure
        return None

    def _note_membership(self, view: ClusterView) -> None:
        own = view.member(self.own.address)
        if own is not None and own.alive:
            self.was_member = True
            self.state.put(member=True)

    def _publish(self, cluster: ClusterTrack, workload: WorkloadTrack) -> None:
        shown = decide.shown(cluster.phase, workload.phase, workload.stops)
        if shown is workload.phase and not workload.is_shown:
            return
        step = cluster.step if shown.track is Track.CLUSTER else workload.step
        self.state.become(shown.shows, step.reason, step.culprit, list(step.log_lines))

    def _answer(self, received: NodeReport) -> HeadAnswer:
        """Called in the report server's threads: reads only whole values."""
        view = self.view
        seen = view.member(received.address) if view is not None else None
        alive = view.is_alive(received.address) if view is not None and view.is_known() else None
        task = view.tasks.exchange(received.address, received.result) if view is not None else None
        asked = self.staging.asked if self.staging is not None else None
        return HeadAnswer(
            session=self.session,
            state=self.state.state,
            reason=self.state.reason,
            versions=self.versions,
            alive=alive,
            verdict=seen.verdict if seen is not None else "not a planned node",
            workload=self.number,
            staging=asked.attempt if asked is not None else None,
            staged_workload=asked.workload if asked is not None else None,
            replaced=asked.replaced if asked is not None else None,
            run=self.engine.group.run_for(received.address) if self.engine is not None else None,
            task=task,
            leave=self._leave(received),
        )

    def _leave(self, received: NodeReport) -> str | None:
        """Why the node is in the shape neither of what runs nor of what comes next."""
        view, shapes = self.view, self.workloads.shapes(self.number)
        if view is None or not shapes:
            return None
        return shape.unwanted(self.config, shapes, received.name, received.address, view.assessment)


def _plain(member: Member) -> dict[str, object]:
    """A member as it stands in the state file."""
    names = ("name", "pool", "address", "ok", "verdict", "accelerators", "planned")
    return {name: getattr(member, name) for name in names}
