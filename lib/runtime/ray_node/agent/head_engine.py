"""What the head runs on the formed cluster: an engine that serves, a job, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ray_node.agent import job_outcome, known_secrets, state
from ray_node.agent.state import StateFile
from ray_node.channel.report import HeardReport
from ray_node.cluster.membership import Member
from ray_node.config.engine_config import JOB, SERVE
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.engine import culprit as engine_culprit
from ray_node.engine import secrets as engine_secrets
from ray_node.engine import texts as engine_texts
from ray_node.engine.group import START_SECONDS, EngineGroup
from ray_node.engine.process import EngineLog, EngineProcess
from ray_node.engine.run import EngineRun
from ray_node.host import clock, log, table
from ray_node.host.failure import Culprit, EngineFailed
from ray_node.host.steps import Steps

#: An engine that has served this long has started well: failures before it are forgotten.
_PROVEN_SECONDS = 60.0
#: A job that lives this long has started: the readiness check need not wait for its end.
_BEGUN_SECONDS = 10.0
#: When the engine fails, the nodes with followers have this long to report what they know.
_ASK_SECONDS = 2.0
#: When the head ends, they have this long to hear that nothing is to run.
_HEARD_SECONDS = 1.5
_POLL_SECONDS = 0.2


class HeadEngine:
    """Over all attempts of the head's process."""

    def __init__(
        self,
        config: NodeConfig,
        workload: Workload,
        state_file: StateFile,
        environment: Mapping[str, str],
        own: Culprit,
        heard: Callable[[], Mapping[str, HeardReport]],
    ) -> None:
        self._config = config
        #: What the next attempt runs.
        self.workload = workload
        #: Its number; `None`: it is in node.json.
        self.number: str | None = None
        self._state = state_file
        self._environment = environment
        self._own = own
        self._log = EngineLog(config.paths.engine_log)
        self.group = EngineGroup(config.head.address, heard)
        self._serving_since: float | None = None
        self._job_started_at = 0.0
        self._job_age = clock.Deadline(0)
        self._begun = False
        self._succeeded = False
        #: What the attempt has come to, for people.
        self.reason: str | None = None
        #: Of the attempt that is under way.
        self.run: EngineRun | None = None
        self.job: EngineProcess | None = None

    @property
    def is_job(self) -> bool:
        return self.workload.engine.kind == JOB

    @property
    def proven(self) -> bool:
        """The last attempt has served for a while."""
        since = self._serving_since
        return since is not None and clock.monotonic() - since >= _PROVEN_SECONDS

    @property
    def serves(self) -> bool:
        """The completion of this attempt has come."""
        return self._serving_since is not None

    @property
    def begun(self) -> bool:
        """The job of this attempt has lived long enough."""
        return self._begun

    @property
    def runs(self) -> bool:
        """A process of an attempt still has to be stopped."""
        return self.run is not None or self.job is not None

    def watched(self, members: Sequence[Member]) -> Steps[None]:
        """`attempt`, with an eye on the followers. Raises EngineFailed with its culprit."""
        attempt = self.attempt(members)
        try:
            while True:
                try:
                    seconds = next(attempt)
                except StopIteration:
                    return
                yield seconds
                self.check()
        except EngineFailed as caught:
            failed = caught
        raise (yield from self.explain(failed, members))

    def attempt(self, members: Sequence[Member]) -> Steps[None]:
        """Start and watch. Returns only when a job has succeeded. Raises EngineFailed."""
        self._serving_since, self._begun = None, False
        kind = self.workload.engine.kind
        if kind == SERVE:
            yield from self._serve(members)
        elif kind == JOB:
            yield from self._run_job()
        else:
            while True:
                yield _POLL_SECONDS

    @property
    def succeeded(self) -> bool:
        """The job has succeeded."""
        return self._succeeded

    def use(self, workload: Workload, environment: Mapping[str, str]) -> None:
        """From the next attempt on. `environment` is that of its processes."""
        known_secrets.hide_of_workload(workload)
        self.workload, self._environment = workload, environment
        self._succeeded, self.reason = False, None
        self._state.put(job=None)
        self.restore()

    def restore(self) -> None:
        """Learn that the job has succeeded in an earlier life of the head."""
        job = job_outcome.read(self._config.paths.state, self.workload.engine) if self.is_job else None
        if job is not None:
            self._state.put(job=job)
            self._succeeded = True
            self.reason = f"the job '{self.workload.engine.name}' succeeded at {job.get('endedAt')}"

    def check(self) -> None:
        """Raises EngineFailed when a follower has ended, or has not started in time."""
        if not self.group.active:
            return
        ends = self.group.ends()
        if ends:
            raise EngineFailed(f"the engine's follower, rank {ends[0].rank}, {ends[0].reason}")
        for member in self.group.absent():
            reason = f"did not start its engine process within {START_SECONDS:.0f} s"
            culprit = replace(member.culprit, reason=reason)
            lines = self.run.failed(reason).log_lines if self.run is not None else []
            raise EngineFailed(f"{culprit} {reason}", culprit, lines)

    def explain(self, failed: EngineFailed, members: Sequence[Member] = ()) -> Steps[EngineFailed]:
        """The failure with its culprit. Asks the nodes with followers once more before that."""
        if failed.culprit is not None:
            return failed
        moment = clock.monotonic()
        asked = clock.Deadline(_ASK_SECONDS)
        while self.group.silent_since(moment) and not asked.passed:
            yield 0.05
        if self.run is not None:
            failed = self.run.own_failure() or failed
        evidence = engine_culprit.Evidence(
            own=self.run.end if self.run is not None else None,
            ends=self.group.ends(),
            silent=self.group.silent_since(moment),
            silent_seconds=asked.elapsed,
            named=self._named(members),
        )
        return engine_culprit.judge(failed, self._own, evidence)

    def _named(self, members: Sequence[Member]) -> Member | None:
        """Another node that the engine's output names as the place of the failure."""
        cause = self.run.cause if self.run is not None else None
        address = cause.address if cause is not None else None
        others = (member for member in members if member.address != self._own.address)
        return next((member for member in others if address is not None and member.address == address), None)

    def stopping(self, grace_seconds: float) -> Steps[None]:
        """End the head's own process; the followers' nodes learn from the answers to their reports."""
        self.group.release()
        if self.run is not None:
            yield from self.run.stopping(grace_seconds)
            self.run = None
        if self.job is not None:
            yield from self.job.process.stopping(grace_seconds)
            self._note_job(self.job.process.exit_code)
            self.job = None

    def await_stop_heard(self) -> None:
        """Wait briefly until every follower's node has heard that it must stop."""
        heard = clock.Deadline(_HEARD_SECONDS)
        while not self.group.everybody_told() and not heard.passed:
            clock.sleep(0.05)

    def _serve(self, members: Sequence[Member]) -> Steps[None]:
        engine, api = self.workload.engine, self.workload.engine.api
        if api is None:
            raise EngineFailed(f"the engine '{engine.name}' has no API to serve")
        yield from self._await_free_nodes(members)
        engine_texts.write(engine.texts)
        self.group.start()
        run = EngineRun(
            self.workload,
            api,
            self._config.head.address,
            self._with_secrets(),
            self._log,
            self._state.wait_for,
        )
        self.run = run
        yield from run.await_healthy()
        proof = yield from run.prove()
        self._state.put(completion={"text": proof.text, "seconds": proof.seconds, "at": clock.stamp()})
        for refused in proof.refused:
            self._state.warn(f"the engine answered {refused}; a request of kind '{proof.kind}' proves it")
        self._serving_since = clock.monotonic()
        self.reason = f"an answer ({proof.kind}) came back in {proof.seconds:.2f} s: {proof.text}"
        yield from run.watch()

    def _with_secrets(self) -> dict[str, str]:
        return {**self._environment, **engine_secrets.read(self.workload.engine.secrets)}

    def _await_free_nodes(self, members: Sequence[Member]) -> Steps[None]:
        """No follower of an earlier attempt may connect to the new one."""
        self.group.form(self.workload, self.number, members)
        deadline = clock.Deadline(self._config.deadlines.stop)
        while lingering := self.group.lingering():
            names = ", ".join(member.name for member in lingering)
            if deadline.passed:
                member = lingering[0]
                reason = f"did not stop its previous engine process within {deadline.seconds:.0f} s"
                culprit = replace(member.culprit, reason=reason)
                raise EngineFailed(f"{culprit} {reason}", culprit)
            self._state.wait_for(f"waiting for the previous engine process to stop on {names}", deadline)
            yield _POLL_SECONDS

    def _run_job(self) -> Steps[None]:
        engine = self.workload.engine
        engine_texts.write(engine.texts)
        job = EngineProcess("job", engine.argv, self._with_secrets(), self._log, engine.working_directory)
        self.job = job
        self._job_started_at = clock.wall()
        self._job_age = clock.Deadline(0)
        self._note_job(None)
        age = clock.Deadline(_BEGUN_SECONDS)
        while job.ended is None:
            if age.passed:
                self._begun = True
                self.reason = f"the job '{engine.name}' is running"
            yield _POLL_SECONDS
        self.job = None
        # Processes that it left behind would hold accelerators.
        yield from job.process.stopping(0)
        ended = self._note_job(job.process.exit_code)
        took = table.duration(float(ended["seconds"]))
        if ended["exitCode"] != 0:
            cause = job.cause()
            why = "" if cause is None else f": {cause}"
            raise EngineFailed(f"{job.ended} after {took}{why}", log_lines=job.tail())
        self._succeeded = True
        try:
            job_outcome.write(self._config.paths.state, engine, ended)
        except OSError as error:
            self._state.warn(f"cannot save the job's outcome, so a restart would run it again: {error}")
        self.reason = f"the job '{engine.name}' succeeded after {took}"
        log.event(state.SUCCEEDED, "the job will not run again")

    def _note_job(self, exit_code: int | None) -> dict[str, Any]:
        """Publish the job; `None`: it runs."""
        now = None if exit_code is None else clock.wall()
        job = {
            "exitCode": exit_code,
            "startedAt": clock.stamp(self._job_started_at),
            "endedAt": now and clock.stamp(now),
            "seconds": now and round(self._job_age.elapsed, 1),
        }
        self._state.put(job=job)
        return job
