"""What head and worker share: identity, state file, signals, heartbeat, the Ray process, shutdown."""

import contextlib
import resource
import signal
import threading
import traceback
from collections.abc import Callable

from ray_node.agent import known_secrets, state
from ray_node.agent.state import StateFile
from ray_node.channel import plain, tls
from ray_node.channel.tasks import Handlers
from ray_node.channel.tls import Tls
from ray_node.cluster import certificates, devices, environment, ray_process, requirements
from ray_node.cluster.certificates import NoCertificate
from ray_node.cluster.devices import Devices
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import address, clock, log, memory, mounts, versions
from ray_node.host.failure import NodeFailed, RestartNeeded, StopRequested
from ray_node.host.processes import ManagedProcess, describe_exit
from ray_node.host.versions import Versions
from ray_node.preflight import tasks as preflight_tasks
from ray_node.staging import source_secret

EXIT_FAILED = 1
EXIT_STOPPED = 143
#: A failed node waits this long before it exits, which slows down the restart loop.
FAILED_PAUSE_SECONDS = 10.0
POLL_SECONDS = 0.2
#: A process that has just ended may still hold the port.
_PORT_SECONDS = 5.0
#: Ray stops within 3 s, or 19 s once its head is gone; killing it earlier then loses nothing.
_RAY_STOP_SECONDS = 6.0
#: For a Ray whose cluster no longer exists.
_DEAD_RAY_STOP_SECONDS = 1.0


class Supervisor:
    """Runs one node from start to end. Subclasses define what happens in between."""

    def __init__(self, config: NodeConfig) -> None:
        self.config = config
        self.stopping = threading.Event()
        self.ray: ManagedProcess | None = None
        self.own = address.LocalAddress("?", config.node.address or "?")
        self.name = config.node_name(self.own.address)
        self.versions = Versions("?", "?")
        self.devices = Devices(0, config.node.accelerators.planned, config.node.accelerators.resource)
        self.failure: NodeFailed | None = None
        #: Ray has been up on this node: from then on its end means a restart, not a failure.
        self.was_member = False
        #: `None`: off, or there is no certificate yet.
        self.tls: Tls | None = None
        #: Where this container keeps what its folders were; `None`: nowhere, nothing is compared.
        self.mounts_memory: str | None = None

    def run(self) -> int:
        """The whole life of the node. Returns the exit code."""
        log.start_writer()
        memory.close()
        # A core of this program would hold the cluster's token.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self.mounts_memory = mounts.MEMORY
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        return self.life()

    def life(self) -> int:
        """`run` without the signals; setting `stopping` ends it."""
        try:
            return self._live()
        except StopRequested:
            self._stop()
            return EXIT_STOPPED
        except OSError as error:
            log.line(f"cannot use the state folder {self.config.paths.state}: {error}")
            return EXIT_FAILED

    def _live(self) -> int:
        known_secrets.hide_of_node(self.config)
        unknown_address: NodeFailed | None = None
        try:
            self.own = address.own_address(
                self.config.node.address, self.config.subnet, address.local_addresses()
            )
        except NodeFailed as failure:
            unknown_address = failure
        self.name = self.config.node_name(self.own.address)
        self.state = StateFile(self.config.paths.state, self.name, self._facts())
        log.event(state.STARTING, f"{self.config.node.role} {self.name} of cluster '{self.config.cluster}'")
        try:
            if self.config.is_head:
                source_secret.take_all(self.config.paths.state)
            if unknown_address is not None:
                raise unknown_address
            self._check_mounts()
            self._check_versions()
            self.environment = environment.build(self.config, self.own)
            self.devices = devices.count(self.config.node.accelerators, self.environment.ray)
            self.state.put(
                address=self.own.address,
                interface=self.own.interface,
                environment=self.environment.recorded,
                accelerators=plain.encode(self.devices),
            )
            log.event(state.STARTING, f"{self.own.address} on {self.own.interface}, {self.devices}")
            if self.devices.found != self.devices.planned:
                self.state.warn(f"{self.devices.found} accelerators found, {self.devices.planned} planned")
            if (full := ray_process.little_room()) is not None:
                self.state.warn(full)
            self._check_image()
            self.live()
            return EXIT_FAILED
        except NodeFailed as failure:
            return self._fail(failure)
        except StopRequested:
            raise
        except Exception as error:
            # A bug must not leave Ray or an engine behind, and must be seen in the state.
            lines = traceback.format_exception(error)[-1:] + traceback.format_tb(error.__traceback__)[-3:]
            return self._fail(NodeFailed(f"internal error: {error!r}", log_lines="".join(lines).splitlines()))

    def live(self) -> None:
        """Everything after the address is known. Ends by NodeFailed or StopRequested."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop what the subclass started besides Ray, within half of the stop deadline."""

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        """Wait, but not longer than until SIGTERM; keeps the heartbeat. Raises StopRequested."""
        if clock.wait(self.stopping, seconds):
            raise StopRequested
        self.state.beat()

    def check_ray(self) -> None:
        """Raises NodeFailed when Ray has ended on this node: its container must restart."""
        if self.ray is not None and self.ray.exit_code is not None:
            output = self.ray.tail()
            cause = ray_process.explain(output)
            what = f"Ray on this node {describe_exit(self.ray.exit_code)}"
            kind = RestartNeeded if self.was_member or ray_process.was_slow(output) else NodeFailed
            raise kind(f"{what}: {cause}" if cause else what, log_lines=ray_process.telling(output))

    def start_ray(self) -> None:
        """Raises NodeFailed if another program uses one of Ray's ports; Ray's own message is unclear."""
        ended = clock.Deadline(_PORT_SECONDS)
        while (taken := ray_process.port_taken(self.config, self.own.address)) is not None:
            if ended.passed:
                raise NodeFailed(taken)
            self.pause()
        log.event(self.state.state, "ray start")
        self.ray = ray_process.start(
            self.config, self.name, self.own.address, self.devices, self.environment.ray
        )

    def open_tls(self, token: str) -> None:
        """Where it is on: this node's certificate, which Ray reads, too. Raises NodeFailed."""
        files = self.config.tls
        if files is None:
            return
        try:
            certificates.make(files, self.config.cluster, self.own.address, token)
            self.tls = tls.load(files)
        except NoCertificate as error:
            raise NodeFailed(f"this node has no certificate: {error}") from error
        except OSError as error:
            raise NodeFailed(f"this node has no certificate at {files.certificate}: {error}") from error

    def task_handlers(self) -> Handlers:
        """What this node does of the preflight."""
        return preflight_tasks.handlers(self.config, self.name, self.own.address, self.environment.ray)

    def await_true(self, met: Callable[[], bool], deadline: clock.Deadline) -> bool:
        """Poll until `met` or the deadline; whether it was met. Raises as `pause` and `check_ray` do."""
        while not met():
            if deadline.passed:
                return False
            self.pause()
            self.check_ray()
        return True

    def _facts(self) -> dict[str, object]:
        return {
            "cluster": self.config.cluster,
            "role": self.config.node.role,
            "pool": self.config.node.pool,
            "address": self.own.address,
            "interface": self.own.interface,
            "head": plain.encode(self.config.head),
            "authentication": self.config.ray.authentication,
            "session": None,
            "endpoint": self.endpoint_of(self.config.workload),
            "workload": None,
        }

    def endpoint_of(self, workload: Workload | None) -> str | None:
        """Where the workload's engine answers."""
        api = workload.engine.api if workload is not None else None
        return None if api is None else f"http://{self.config.head.address}:{api.port}"

    def _check_image(self) -> None:
        """What schema 1 says of the engine; another workload is checked before it runs."""
        workload = self.config.workload
        if workload is None:
            return
        lacking = requirements.problem(workload, self.config.is_head, self.environment.engine)
        if lacking is not None:
            raise NodeFailed(lacking)

    def _check_mounts(self) -> None:
        """Docker restarts this container after the failure, and mounts what is there by then."""
        if self.mounts_memory is None:
            return
        workload = self.config.workload
        models = workload.staging.models if workload is not None and workload.staging else ()
        declared = [model.destination for model in models]
        for folder in {*declared, *mounts.remembered(self.mounts_memory)}:
            why = mounts.lost(folder, self.mounts_memory)
            if why is not None:
                raise NodeFailed(f"{why}; mount it, and this container starts again by itself")

    def _check_versions(self) -> None:
        found = versions.installed()
        if found is None:
            raise NodeFailed("Ray is not installed in this image (no 'ray' package for this Python)")
        self.versions = found
        self.state.put(versions={"ray": found.ray, "python": found.python})
        wants_token = self.config.ray.authentication == "token"
        since = self.config.ray.token_since
        if wants_token and not versions.is_at_least(found.ray, since):
            lacking = f"the plan requires token authentication, which Ray {found.ray} does not support"
            raise NodeFailed(f"{lacking}; use {since} or newer")
        if not wants_token:
            self.state.warn(
                "the cluster has no authentication: anyone who can reach its network can run code on it"
            )
        if found.ray != self.config.ray.version:
            self.state.warn(
                f"the plan specifies Ray {self.config.ray.version}, but this image has {found.ray}"
            )

    def _fail(self, failure: NodeFailed) -> int:
        restart = isinstance(failure, RestartNeeded)
        self.failure = None if restart else failure
        reason = f"restarting: {failure.reason}" if restart else failure.reason
        self.state.put(member=False)
        self.state.become(
            state.STARTING if restart else state.FAILED, reason, failure.culprit, failure.log_lines
        )
        for text in failure.log_lines:
            log.line(f"    {text}")
        self.close()
        if self.ray is not None:
            self.ray.stop(_DEAD_RAY_STOP_SECONDS if restart else _RAY_STOP_SECONDS)
            self.ray = None
        if not restart:
            self.linger(clock.Deadline(FAILED_PAUSE_SECONDS))
        return EXIT_FAILED

    def linger(self, deadline: clock.Deadline) -> None:
        """The pause before a failed node ends."""
        while not deadline.passed:
            self.pause()

    def _stop(self) -> None:
        log.event(self.state.state, "stopping")
        end = clock.Deadline(self.config.deadlines.stop)
        self.close()
        if self.ray is not None:
            # A second is kept for SIGKILL and for the state file.
            self.ray.stop(max(1.0, min(_RAY_STOP_SECONDS, end.left - 1.0)))
        self.state.put(member=False)
        self.state.become(state.STARTING, "stopped by a signal")
