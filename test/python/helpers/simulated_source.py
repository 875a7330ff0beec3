"""A source of models on the simulated clock: files come as fast as the test says, by the real `Fetcher`."""

import math
import unittest
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from unittest import mock

from fixtures.fake_hub import sha256

from ray_node.host import clock
from ray_node.staging.failure import StagingFailed
from ray_node.staging.fetch import Note, Order
from ray_node.staging.fetcher import Fetcher, origin_of
from ray_node.staging.files import SHA256, ModelFile, checked, in_order

_PIECE_BYTES = 16 * 1024


class SimulatedSource:
    """In place of every source that nodes are told to fetch from. Files of other nodes come from these."""

    def __init__(self, case: unittest.TestCase, files: Mapping[str, bytes]) -> None:
        self.contents = dict(files)
        self.bytes_per_second = math.inf
        #: What the source refuses with.
        self.failure: StagingFailed | None = None
        #: How often the list of files was asked for.
        self.asked = 0
        #: Bytes that were sent, by file.
        self.sent: Counter[str] = Counter()
        patch = mock.patch("ray_node.staging.stage.Fetch", partial(_SimulatedFetch, self))
        patch.start()
        case.addCleanup(patch.stop)

    @property
    def total_bytes(self) -> int:
        return sum(len(data) for data in self.contents.values())

    @property
    def sent_bytes(self) -> int:
        return sum(self.sent.values())


class _Origin:
    def __init__(self, source: SimulatedSource, rest: Callable[[float], None]) -> None:
        self._source = source
        self._rest = rest

    def files(self) -> tuple[ModelFile, ...]:
        self._source.asked += 1
        if self._source.failure is not None:
            raise self._source.failure
        return in_order(
            checked(path, len(data), SHA256, sha256(data)) for path, data in self._source.contents.items()
        )

    def blame(self, file: ModelFile) -> str:
        return "the simulated source"

    def fetch(self, file: ModelFile, part: str) -> None:
        data = self._source.contents[file.path]
        with open(part, "ab", buffering=0) as target:
            while (at := target.tell()) < file.size:
                piece = data[at : at + _PIECE_BYTES]
                self._rest(len(piece) / self._source.bytes_per_second)
                target.write(piece)
                self._source.sent[file.path] += len(piece)


class _SimulatedFetch:
    """Stands for the process that fetches: one file after the other, in the thread that stages."""

    def __init__(
        self,
        source: SimulatedSource,
        order: Order,
        tick: Callable[[], None],
        note: Callable[[Note], None],
    ) -> None:
        def rest(seconds: float) -> None:
            clock.sleep(seconds)
            tick()

        origin = _Origin(source, rest) if order.request.asks_source else origin_of(order)
        self._fetcher = Fetcher(order.request, origin, note, rest)
        self._files: tuple[ModelFile, ...] = ()

    def files(self) -> tuple[ModelFile, ...]:
        self._files = self._fetcher.files()
        return self._files

    def run(self) -> None:
        for file in self._files:
            self._fetcher.bring(file)

    def close(self) -> None:
        """Nothing is left over."""
