"""The process that fetches a model: lists the files, brings them onto the disk, resumes, checks, tries again.

It gets an `Order`, answers with the list of files, and waits to be told to go on. It ends with its standard
input, so it never outlives the node program.
"""

import os
import pickle
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from typing import BinaryIO, Protocol, TypeVar

from ray_node.host import clock, log, memory, text
from ray_node.staging.failure import (
    ChecksumMismatch,
    NotYet,
    PackageMissing,
    SourceUnreachable,
    StagingFailed,
    Transient,
)
from ray_node.staging.fetch import Note, Order
from ray_node.staging.files import ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.request import HubSource, IndexSource, ModelScopeSource, StagingRequest

T = TypeVar("T")

#: Of a source: what is wrong both times stays so. Of nodes: from two of them, then twice from the head.
_FETCHES_FROM_SOURCE = 2
_FETCHES_FROM_NODES = 4


class Origin(Protocol):
    """Where files come from: a hub, an index, other nodes."""

    def files(self) -> tuple[ModelFile, ...]:
        """Raises NotYet, Transient, StagingFailed."""
        ...

    def fetch(self, file: ModelFile, part: str) -> None:
        """Complete the file `part` from where it ends. Raises the same, and OSError of the disk."""
        ...

    def blame(self, file: ModelFile) -> str:
        """What has come is not the file. Who gave it, in words."""
        ...


class Fetcher:
    """Brings the files of one origin into one folder. `note` and `rest` are for any thread."""

    def __init__(
        self,
        request: StagingRequest,
        origin: Origin,
        note: Callable[[Note], None],
        rest: Callable[[float], None] = clock.sleep,
    ) -> None:
        self._request = request
        self._origin = origin
        self._folder = ModelFolder(request.destination)
        self._finished = self._folder.finished()
        self._note = note
        self._rest = rest

    def files(self) -> tuple[ModelFile, ...]:
        """Raises StagingFailed."""
        return self._patiently("the list of files", self._origin.files)

    def bring(self, file: ModelFile) -> None:
        """The file is there and right afterwards. Raises StagingFailed, and OSError of the disk."""
        folder, digest = self._folder, file.digest
        if self._is_there(file):
            return None
        part = folder.part(file)
        folder.make_part_folder(file)
        found, giver = "", ""
        times = _FETCHES_FROM_SOURCE if self._request.asks_source else _FETCHES_FROM_NODES
        for _ in range(times):
            self._patiently(file.path, partial(self._origin.fetch, file, part))
            found = file.digest_of(part)
            if found == digest.value:
                return folder.accept(file)
            giver = self._origin.blame(file)
            self._failed(f"{file.path} arrived from {giver} with {digest.kind} {found}, not {digest.value}")
            os.unlink(part)
        raise ChecksumMismatch(
            f"{file.path} arrived {times} times with wrong content, at last from {giver}: "
            f"{digest.kind} {found}, expected {digest.value}",
            fix="the source or something on the way changes it; try another endpoint, and check the disk",
        )

    def _is_there(self, file: ModelFile) -> bool:
        """An earlier run checked it, or somebody put it there: then it is checked now."""
        if self._folder.missing((file,)):
            return False
        if self._finished.get(file.path) == file.digest:
            return True
        if file.digest_of(self._folder.final(file)) != file.digest.value:
            self._failed(f"{file.path} was there with other content; it is fetched again")
            return False
        self._folder.note_finished(file)
        return True

    def _patiently(self, what: str, attempt: Callable[[], T]) -> T:
        """Try until it works, with growing pauses. New bytes make it forget the failures before."""
        pace, failures = self._request.pace, 0
        # The head may be restarting: only the deadline ends the wait for other nodes.
        bound = pace.attempts if self._request.asks_source else None
        while True:
            before = self._folder.bytes_in_parts()
            try:
                return attempt()
            except NotYet as reason:
                self._note(Note(f"{what}: {reason}", has_failed=False))
                self._rest(pace.poll)
                continue
            except Transient as error:
                failures = 1 if self._folder.bytes_in_parts() > before else failures + 1
                if failures == bound:
                    raise SourceUnreachable(
                        f"{what}: {error} ({failures} attempts in a row)",
                        fix="check name resolution, proxy and firewall of the node; what has arrived is kept",
                    ) from error
                pause = min(pace.backoff_first * 2 ** (failures - 1), pace.backoff_longest)
                if error.retry_after_seconds is not None:
                    pause = min(error.retry_after_seconds, pace.retry_after_longest)
                self._failed(f"{what}: {error}; attempt {failures + 1} follows in {pause:.0f} s")
            self._rest(pause)

    def _failed(self, text: str) -> None:
        self._note(Note(text, has_failed=True))


def origin_of(order: Order) -> Origin:
    """Imports the client of this source alone. Raises PackageMissing."""
    request, source = order.request, order.request.source
    timeout, scratch = request.pace.network_timeout, ModelFolder(request.destination).scratch
    if not request.asks_source:
        from ray_node.staging.peers import Peers

        assert request.fan_out is not None
        return Peers(request.fan_out, source.identity, request.pace)
    if isinstance(source, IndexSource):
        from ray_node.staging.index import Index

        return Index(source, order.secret, timeout)
    assert isinstance(source, HubSource)
    try:
        if isinstance(source, ModelScopeSource):
            from ray_node.staging.model_scope import ModelScope

            return ModelScope(source, order.token, scratch)
        from ray_node.staging.hugging_face import HuggingFace

        return HuggingFace(source, order.token, scratch, timeout)
    except ImportError as error:
        raise PackageMissing.of(source.python_package, str(error)) from error


def fetch(order: Order, say: Callable[[object], None], go: Callable[[], object]) -> None:
    """List the files, wait for `go`, bring them. Raises StagingFailed, and OSError of the disk."""
    if isinstance(order.request.source, HubSource):
        log.hide(order.token or "")
    fetcher = Fetcher(order.request, origin_of(order), say)
    files = fetcher.files()
    say(files)
    go()
    pool = ThreadPoolExecutor(order.request.parallel_files)
    for done in as_completed([pool.submit(fetcher.bring, file) for file in files]):
        done.result()


def main() -> None:
    memory.close()
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a client prints must not get between the answers.
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(value: object) -> None:
        with lock:
            answers.write(pickle.dumps(value))
            answers.flush()

    def go() -> None:
        pickle.load(orders)
        threading.Thread(target=_end_with, args=(orders,), daemon=True).start()

    try:
        fetch(pickle.load(orders), say, go)
        say(True)
    except (StagingFailed, OSError) as error:
        say(error)
    except Exception as error:
        said = text.without_addresses(str(error))
        say(StagingFailed(f"the process that fetches the model failed: {type(error).__name__}: {said}"))
    # Threads that are still in a network read are not waited for.
    os._exit(0)


def _end_with(orders: BinaryIO) -> None:
    orders.read()
    os._exit(1)


if __name__ == "__main__":
    main()
