"""Brings one file after another onto the disk: resumes half files, checks sums, tries again within bounds."""

import contextlib
import os
from typing import Protocol

from ray_node.host import log
from ray_node.staging.crew import Crew, Patience
from ray_node.staging.failure import ChecksumMismatch, NotYet, Transient
from ray_node.staging.files import Digest, ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.http import Body
from ray_node.staging.progress import CHECKS, WAITS, Meter
from ray_node.staging.request import Pace

_CHUNK_BYTES = 256 * 1024
_FETCHES_A_FILE = 2


class Origin(Protocol):
    """Where files come from: the source, or other nodes."""

    def files(self) -> tuple[ModelFile, ...]:
        """Raises Transient, NotYet, StagingFailed."""
        ...

    def open(self, file: ModelFile, offset: int, length: int) -> Body:
        """At most `length` bytes from `offset` on. Raises Transient, NotYet, StagingFailed."""
        ...


class Fetcher:
    """`attempts`: tries in a row without a byte, `None`: no bound but the deadline of the whole."""

    def __init__(
        self, folder: ModelFolder, origin: Origin, meter: Meter, crew: Crew, pace: Pace, attempts: int | None
    ) -> None:
        self._folder = folder
        self._origin = origin
        self._meter = meter
        self._crew = crew
        self._pace = pace
        self._attempts = attempts

    def list_files(self) -> tuple[ModelFile, ...]:
        """The origin's list. Raises StagingFailed."""
        patience = self._patience("the list of files")
        while True:
            self._crew.check()
            try:
                return self._origin.files()
            except NotYet as reason:
                patience.wait(reason, self._wait)
            except Transient as error:
                patience.after(error, self._complain)

    def bring(self, file: ModelFile, finished: dict[str, Digest]) -> None:
        """The file is there and right afterwards. Raises StagingFailed, OSError of the disk."""
        if not self._is_there(file, finished):
            self._fetch(file)
        self._meter.finished_file()

    def _is_there(self, file: ModelFile, finished: dict[str, Digest]) -> bool:
        """An earlier run checked it, or somebody put it there: then it is checked now."""
        path = self._folder.final(file)
        try:
            if os.stat(path).st_size != file.size:
                return False
        except (FileNotFoundError, NotADirectoryError):
            return False
        if finished.get(file.path) == file.digest:
            self._meter.found(file.size)
            return True
        with contextlib.closing(_Intake(path, os.O_RDONLY, file, self._meter, self._crew)) as intake:
            intake.take_existing()
            if intake.digest() != file.digest.value:
                log.line(f"staging: {file.path} was there with another content, it is fetched anew")
                self._meter.lost(file.size)
                return False
        self._folder.note_finished(file)
        return True

    def _fetch(self, file: ModelFile) -> None:
        part = self._folder.part(file)
        os.makedirs(os.path.dirname(part), exist_ok=True)
        found = ""
        for _ in range(_FETCHES_A_FILE):
            flags = os.O_RDWR | os.O_CREAT
            with contextlib.closing(_Intake(part, flags, file, self._meter, self._crew)) as intake:
                intake.take_existing()
                self._receive(file, intake)
                found = intake.digest()
                intake.sync()
            if found == file.digest.value:
                self._folder.accept(file)
                return
            log.line(f"staging: {file.path} came with {file.digest.kind} {found}, not {file.digest.value}")
            os.unlink(part)
            self._meter.lost(file.size)
        raise ChecksumMismatch(
            f"{file.path} came {_FETCHES_A_FILE} times with a wrong content: "
            f"{file.digest.kind} {found}, expected {file.digest.value}",
            fix="the source or something on the way changes it; try another endpoint, check the disk",
        )

    def _receive(self, file: ModelFile, intake: "_Intake") -> None:
        patience = self._patience(file.path)
        while intake.offset < file.size:
            self._crew.check()
            before = intake.offset
            try:
                length = min(file.size - before, self._pace.segment_bytes)
                with contextlib.closing(self._origin.open(file, before, length)) as body:
                    if body.offset != before:
                        # The source knows no ranges: from the beginning then.
                        intake.restart()
                        before = 0
                    intake.take(body)
                if intake.offset == before:
                    raise Transient("the answer was empty")
                patience.progressed()
            except NotYet as reason:
                patience.wait(reason, self._wait)
            except Transient as error:
                if intake.offset > before:
                    patience.progressed()
                patience.after(error, self._complain)

    def _patience(self, what: str) -> Patience:
        return Patience(what, self._pace, self._attempts, self._crew)

    def _wait(self, text: str) -> None:
        self._meter.say(WAITS, text)

    def _complain(self, text: str) -> None:
        self._meter.say(WAITS, text)
        log.line(f"staging: {text}")


class _Intake:
    """A file that is being written, its checksum growing along."""

    def __init__(self, path: str, flags: int, file: ModelFile, meter: Meter, crew: Crew) -> None:
        self._file = file
        self._meter = meter
        self._crew = crew
        self._hasher = file.hasher()
        self._descriptor = os.open(path, flags, 0o644)
        self.offset = 0

    def take_existing(self) -> None:
        """What is there already goes into the checksum; what is too much is cut off."""
        if os.fstat(self._descriptor).st_size > self._file.size:
            os.ftruncate(self._descriptor, 0)
        while chunk := os.pread(self._descriptor, _CHUNK_BYTES, self.offset):
            self._crew.check()
            self._hasher.update(chunk)
            self.offset += len(chunk)
            self._meter.found(len(chunk))
            self._meter.say(CHECKS, self._file.path)

    def take(self, body: Body) -> None:
        """Until the body or the file ends. Raises Transient as the body does, OSError of the disk."""
        while self.offset < self._file.size:
            chunk = body.read(min(_CHUNK_BYTES, self._file.size - self.offset))
            if not chunk:
                return
            # Between reading and writing: who has lost the lease meanwhile must not write.
            self._crew.check()
            rest = memoryview(chunk)
            while rest:
                written = os.pwrite(self._descriptor, rest, self.offset)
                self._hasher.update(rest[:written])
                self.offset += written
                rest = rest[written:]
            self._meter.fetched(len(chunk))

    def restart(self) -> None:
        os.ftruncate(self._descriptor, 0)
        self._meter.lost(self.offset)
        self._hasher = self._file.hasher()
        self.offset = 0

    def digest(self) -> str:
        return self._hasher.hexdigest()

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
