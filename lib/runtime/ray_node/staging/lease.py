"""Who fetches: a lease on shared storage that survives crashes and needs no file locking, so it works on NFS.

A lease is a numbered file. Taking one means creating the next number exclusively, which one node alone can
do; only its owner writes to it, and none is ever deleted, so a number is given once. The highest counts.
An owner that is silent for too long, as seen by the watcher's own clock, is passed over by the next number.
"""

import json
import os
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ray_node.channel import plain
from ray_node.host import clock, json_input, log
from ray_node.host.processes import started
from ray_node.staging.failure import FolderTaken, LeaseLost
from ray_node.staging.request import Pace

_NAME = re.compile(r"(\d{6})\.json")
#: An owner that could not renew for this share of the stale time must assume that others have given it up.
_OWN_PATIENCE = 0.6
_LEASE_BYTES = 4096
_FAILURE_CHARACTERS = 300


@dataclass(frozen=True)
class Owner:
    """A process that fetches. Recognised again on the same host, so that a restarted node need not wait."""

    cluster: str
    node: str
    boot: str
    process: int
    #: Clock ticks since boot: a process id alone may be given again.
    started: int

    @staticmethod
    def myself(cluster: str, node: str) -> "Owner":
        process = os.getpid()
        return Owner(cluster, node, _boot(), process, started(process) or 0)

    def is_gone(self, seen_by: "Owner") -> bool:
        """Whether this owner has surely ended: an earlier run of the node that asks, on the same host."""
        same_node = (self.cluster, self.node, self.boot) == (seen_by.cluster, seen_by.node, seen_by.boot)
        return same_node and bool(self.boot) and started(self.process) != self.started


@dataclass(frozen=True)
class Holding:
    """What a lease says. Without an owner it was never written, or not completely."""

    number: int = 0
    owner: Owner | None = None
    model: str | None = None
    beat: str = ""
    released: bool = False
    #: Why the owner gave up, in words.
    failure: str | None = None
    progress: dict[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.owner.node} of cluster '{self.owner.cluster}'" if self.owner else "another node"


class Leases:
    """The leases of one folder, as one process sees them."""

    def __init__(self, folder: str, model: str, owner: Owner, pace: Pace) -> None:
        self.folder = folder
        self.model = model
        self.owner = owner
        self.pace = pace
        self._seen: tuple[int, str] | None = None
        self._seen_at = 0.0

    def look(self) -> Holding | None:
        """The highest lease, `None` when there never was one. Raises FolderTaken, OSError."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return None
        number = max((int(match[1]) for match in map(_NAME.fullmatch, names) if match), default=0)
        # A directory's content may be cached for longer than a file's.
        while os.path.exists(self.path(number + 1)):
            number += 1
        if number == 0:
            return None
        holding = _read(self.path(number), number)
        # A lease that was never written says nothing about the model; an earlier one does.
        models = (_read(self.path(earlier), earlier).model for earlier in range(number, 0, -1))
        model = next((model for model in models if model is not None), self.model)
        if model != self.model:
            raise FolderTaken(
                f"the folder belongs to {model}, not to {self.model}",
                fix="give each model a folder of its own, or delete this one",
            )
        return holding

    def is_free(self, holding: Holding | None) -> bool:
        """Whether the next number may be taken. To be called repeatedly: silence needs time to be seen."""
        if holding is None or holding.released:
            return True
        if holding.owner is not None and holding.owner.is_gone(self.owner):
            return True
        now = clock.monotonic()
        if self._seen != (holding.number, holding.beat):
            self._seen, self._seen_at = (holding.number, holding.beat), now
        return now - self._seen_at >= self.pace.lease_stale

    def silent_seconds(self) -> float:
        return clock.monotonic() - self._seen_at if self._seen else 0.0

    def take(self, after: Holding | None, progress: Callable[[], dict[str, Any]]) -> "Lease | None":
        """The number after `after`; `None` when another was faster. Raises OSError."""
        number = after.number + 1 if after else 1
        os.makedirs(self.folder, exist_ok=True)
        try:
            descriptor = os.open(self.path(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return None
        os.close(descriptor)
        try:
            return Lease(self, number, progress)
        except OSError:
            # Nobody goes on after a lease that has just begun, so this number may be given again.
            os.unlink(self.path(number))
            raise

    def path(self, number: int) -> str:
        return os.path.join(self.folder, f"{number:06d}.json")


class Lease:
    """A lease that is held; a thread renews it until `release`."""

    def __init__(self, leases: Leases, number: int, progress: Callable[[], dict[str, Any]]) -> None:
        self._leases = leases
        self._number = number
        self._progress = progress
        self._lost: str | None = None
        self._released = threading.Event()
        self._ended = threading.Event()
        self._renewed_at = clock.monotonic()
        self._write()
        threading.Thread(target=self._keep, name="staging-lease", daemon=True).start()

    def check(self) -> None:
        """Raises LeaseLost when this process must not write any more."""
        silent = clock.monotonic() - self._renewed_at
        if self._lost is None and silent > self._leases.pace.lease_stale * _OWN_PATIENCE:
            self._lost = f"the lease could not be renewed for {silent:.0f} s"
        if self._lost is not None:
            raise LeaseLost(self._lost, fix="the storage was too slow or this node was stopped for a while")

    def release(self, failure: str | None = None) -> None:
        """Says that others may go on; never raises."""
        self._released.set()
        clock.wait(self._ended, self._leases.pace.heartbeat)
        try:
            self._write(released=True, failure=failure)
        except OSError as error:
            log.line(f"the staging lease cannot be released, it will go stale: {error.strerror}")

    def _keep(self) -> None:
        while self._lost is None and not clock.wait(self._released, self._leases.pace.heartbeat):
            try:
                if os.path.exists(self._leases.path(self._number + 1)):
                    newer = _read(self._leases.path(self._number + 1), self._number + 1)
                    self._lost = f"{newer} has taken over"
                else:
                    self._write()
                    self._renewed_at = clock.monotonic()
            except OSError as error:
                log.line(f"the staging lease cannot be renewed: {error.strerror or error}")
        self._ended.set()

    def _write(self, released: bool = False, failure: str | None = None) -> None:
        """In place and always of the same size, so that a full disk does not keep it from being written.

        Nobody else writes this number, so nothing of others can get lost.
        """
        said = Holding(
            owner=self._leases.owner,
            model=self._leases.model,
            beat=secrets.token_hex(8),
            released=released,
            failure=None if failure is None else failure[:_FAILURE_CHARACTERS],
            progress=self._progress(),
        )
        content = json.dumps(plain.encode(said)).ljust(_LEASE_BYTES).encode()
        flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._leases.path(self._number), flags)
        try:
            os.pwrite(descriptor, content, 0)
            os.ftruncate(descriptor, len(content))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: str, number: int) -> Holding:
    try:
        return replace(plain.decode(Holding, json_input.read_file(path)), number=number)
    except (FileNotFoundError, ValueError, plain.NotPlain):
        # Just being written, or by a node that ended before: it goes stale like any other.
        return Holding(number)


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
