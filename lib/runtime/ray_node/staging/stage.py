"""Puts a model where the engine will read it: one download a cluster, whatever fails in between.

On shared storage the head fetches and the others wait for its manifest. On disks of the nodes the head
fetches and the others take it from one another. Either way a folder with a manifest and files of the right
sizes is complete, and nothing is asked of anybody.
"""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ray_node.host import clock, log, mounts
from ray_node.host.failure import StopRequested
from ray_node.staging import hub_failure, in_place, source_secret
from ray_node.staging.failure import (
    DiskFull,
    FolderTaken,
    FolderUnusable,
    LeaseLost,
    OtherFolder,
    RoomTaken,
    SourceRefused,
    StagingFailed,
    StagingTimeout,
)
from ray_node.staging.fetch import Fetch, Note, Order
from ray_node.staging.files import ModelFile, total_bytes
from ray_node.staging.folder import Manifest, ModelFolder
from ray_node.staging.lease import Holding, Lease, Leases, Owner
from ray_node.staging.progress import FETCHES, LISTS, WAITS, Meter, Progress, amount
from ray_node.staging.request import FETCH, HubSource, PathSource, StagingRequest
from ray_node.staging.server import FileServer

#: Free space needed per byte that is still to come: a disk that is full to the brim serves nobody.
_SPACE_FACTOR = 1.1
_LEASES_LOST = 3
#: Files up to this size are checked at every start.
_SMALL_BYTES = 16 << 20


def stage(
    request: StagingRequest,
    report: Callable[[Progress], None],
    stop: threading.Event | None = None,
    server: FileServer | None = None,
) -> Path:
    """The folder, once the model is completely there. Blocks; raises StagingFailed, StopRequested.

    `report` is called from this thread, at most once a second and once at the end. `server` is this node's
    file server, wanted exactly when the request fans out; it goes on serving afterwards.
    """
    if isinstance(request.source, PathSource):
        return in_place.whole(request)
    staging = _Staging(request, report, stop or threading.Event(), server)
    try:
        return staging.run()
    except StagingFailed as failure:
        staging.tell(failure.reason)
        raise
    except OSError as error:
        explained = staging.explain(error)
        staging.tell(explained.reason)
        raise explained from error


class _Staging:
    """One call of `stage`."""

    def __init__(
        self,
        request: StagingRequest,
        report: Callable[[Progress], None],
        stop: threading.Event,
        server: FileServer | None,
    ) -> None:
        self._request = request
        self._model = request.source.identity
        self._stop = stop
        self._server = server
        self._folder = ModelFolder(request.destination)
        self._meter = Meter(report, self._folder)
        owner = Owner.myself(request.cluster, request.node)
        self._leases = Leases(self._folder.leases, self._model, owner, request.pace)
        self._deadline = clock.Deadline(request.deadline_seconds)
        self._fetches = request.role == FETCH or request.fan_out is not None
        self._files: tuple[ModelFile, ...] = ()
        #: Whose small files have been read in this run.
        self._verified: Manifest | None = None

    def run(self) -> Path:
        self.tell(None)
        lost = 0
        while True:
            complete = self._complete()
            if complete is not None:
                if self._server is not None:
                    self._server.offer(self._model, self._folder, complete.files)
                self._meter.finish(complete.files)
                return Path(self._folder.path)
            holding = self._leases.look()
            if not (self._fetches and self._leases.is_free(holding)):
                self._wait_for(holding)
                continue
            lease = self._leases.take(holding, lambda: self._meter.now.plain())
            if lease is None:
                continue
            try:
                self._fetch_under(lease)
            except LeaseLost:
                lost += 1
                if lost >= _LEASES_LOST:
                    raise

    def tell(self, failure: str | None) -> None:
        if self._server is not None:
            self._server.fail(self._model, failure)

    def explain(self, error: OSError) -> StagingFailed:
        """An error of the file system, as a failure."""
        path = self._request.destination
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            missing = total_bytes(self._files) - self._folder.bytes_present(self._files)
            return DiskFull(
                f"the disk of {path} became full on {self._request.node}, {amount(missing)} are missing",
                fix="make room or enlarge it; what has come so far is kept",
            )
        return FolderUnusable(
            f"{error.filename or path} on {self._request.node}: {error.strerror or error}",
            fix="check that it is mounted and may be written to",
        )

    def _complete(self) -> Manifest | None:
        """The manifest, when its files are all there. Raises FolderTaken."""
        manifest = self._folder.manifest()
        if manifest is None:
            return None
        if manifest.model != self._model:
            raise FolderTaken(
                f"{self._folder.path} holds {manifest.model}, not {self._model}",
                fix="give each model a folder of its own, or delete this one",
            )
        if self._folder.missing(manifest.files):
            return None
        # Small files, code among them, are read once in each run; weights by `preflight --verify-model`.
        changed = () if self._verified == manifest else self._folder.changed(manifest.files, _SMALL_BYTES)
        for file in changed:
            log.line(f"staging: {file.path} is not what was staged any more; it is fetched again")
            if self._fetches:
                os.unlink(self._folder.final(file))
        self._verified = None if changed else manifest
        return self._verified

    def _wait_for(self, holding: Holding | None) -> None:
        """Another node fetches: show how far it is."""
        if holding is None:
            self._check_same_folder()
        if holding is None or holding.released:
            failure = holding.failure if holding else None
            detail = f"{holding} has failed: {failure}" if failure else "nothing of the head's shows here yet"
        else:
            detail = f"{holding} fetches the model"
            silent = self._leases.silent_seconds()
            if silent > 2 * self._request.pace.heartbeat:
                detail += f"; it has been silent for {silent:.0f} s"
        self._meter.say(WAITS, detail)
        other = holding.progress if holding and not holding.released else None
        self._check()
        self._meter.tick(_shown(other, detail, self._meter.now))
        clock.wait(self._stop, self._request.pace.poll)

    def _check_same_folder(self) -> None:
        """The head has begun, so its model or its lease must show here, however long a share caches."""
        if self._deadline.elapsed < self._request.pace.head_shows:
            return
        folder = self._folder.path
        raise OtherFolder(
            f"{self._request.node} sees nothing of the head in {folder}, "
            f"which is {mounts.describe(folder)} here",
            fix="mount the same storage on this node and on the head, before their containers start",
        )

    def _fetch_under(self, lease: Lease) -> None:
        failure: str | None = "interrupted"
        try:
            self._fetch_all(lease)
            failure = None
        except StagingFailed as error:
            failure = error.reason
            raise
        except OSError as error:
            failure = self.explain(error).reason
            raise
        finally:
            lease.release(failure)

    def _fetch_all(self, lease: Lease) -> None:
        request = self._request
        if self._complete() is not None:
            return

        def tick() -> None:
            self._check()
            lease.check()
            self._meter.tick()

        self._meter.say(LISTS, "asks for the list of files")
        fetch = Fetch(Order(request, self._secret(tick)), tick, self._note)
        try:
            self._begin(fetch.files())
            fetch.run()
        finally:
            fetch.close()
        lease.check()
        self._folder.write_manifest(Manifest(self._model, self._files), request.cluster, request.node)

    def _secret(self, tick: Callable[[], None]) -> bytes | None:
        """Only the process that fetches gets it."""
        source = self._request.source
        if not self._request.asks_source or source.secret_file is None:
            return None
        if isinstance(source, HubSource):
            return hub_failure.token_of(source, tick)
        try:
            return source_secret.of(source.secret_file, tick)
        except OSError as error:
            raise SourceRefused(
                f"the index {source.secret_file} cannot be read: {error.strerror or error}",
                fix="check that the secret exists, and deploy again: the deployment hands it to the head",
            ) from error

    def _begin(self, files: tuple[ModelFile, ...]) -> None:
        self._files = files
        self._check_space()
        if self._server is not None:
            self._server.offer(self._model, self._folder, files)
        self._meter.plan(files)
        self._meter.say(FETCHES)

    def _note(self, note: Note) -> None:
        self._meter.say(WAITS, note.text)
        if note.has_failed:
            log.line(f"staging: {note.text}")

    def _check_space(self) -> None:
        missing = total_bytes(self._files) - self._folder.bytes_present(self._files)
        wanted, free = int(missing * _SPACE_FACTOR), self._folder.bytes_free()
        if free < wanted and not self._make_room(wanted, free):
            raise DiskFull(
                f"{self._folder.path} on {self._request.node} has {amount(free)} free, "
                f"{amount(missing)} are still to come and {amount(wanted)} are wanted",
                fix=f"enlarge the disk by at least {amount(wanted - free)}, or stage elsewhere",
            )

    def _make_room(self, wanted: int, free: int) -> bool:
        """Whether there is room once the model before has gone. Raises RoomTaken while that one is in use."""
        replaced = self._request.replaced
        folders = [ModelFolder(path) for path in replaced.folders if os.path.isdir(path)] if replaced else []
        disk = os.stat(self._folder.path).st_dev
        others = {other: other.bytes_held() for other in folders if os.stat(other.path).st_dev == disk}
        if replaced is None or free + sum(others.values()) < wanted:
            return False
        if not replaced.is_free:
            used = ", ".join(
                f"{other.path}, which is in use, holds {amount(held)}" for other, held in others.items()
            )
            raise RoomTaken(
                f"{self._folder.path} on {self._request.node} has {amount(free)} free, {amount(wanted)} are "
                f"wanted, and {used}",
                fix="enlarge the disk to keep both models",
            )
        for other, held in others.items():
            log.line(
                f"staging: {other.path}, {amount(held)}, is removed: the disk has no room for both models"
            )
            other.discard()
        return True

    def _check(self) -> None:
        if self._stop.is_set():
            raise StopRequested
        if self._deadline.passed:
            raise StagingTimeout(
                f"the model is not complete after {self._deadline.seconds:.0f} s: {self._meter.now}",
                fix="what has come so far is kept; raise the deadline if only time was short",
            )


def _shown(other: dict[str, object] | None, detail: str, own: Progress) -> Progress:
    """The other node's progress as this node reports it."""
    if other is None:
        return own
    try:
        return Progress(**{**other, "phase": WAITS, "detail": detail})  # type: ignore[arg-type]
    except TypeError:
        # Written by another version of this program.
        return own
