"""What the process that fetches does with any origin: patience, checksums, what is there already."""

import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fixtures.fake_hub import git_sha1
from fixtures.staging_support import HURRY, StagingCase

from ray_node.staging.failure import ChecksumMismatch, NotYet, SourceUnreachable, Transient
from ray_node.staging.fetch import Note
from ray_node.staging.fetcher import Fetcher
from ray_node.staging.files import GIT_SHA1, ModelFile, checked
from ray_node.staging.request import RECEIVE

CONTENT = b"0123456789"
FILE = checked("folder/a", len(CONTENT), GIT_SHA1, git_sha1(CONTENT))


class Scripted:
    """An origin that does one step after another; the last one is repeated."""

    def __init__(self, *steps: Callable[[Path], None]) -> None:
        self.steps = list(steps)
        self.asked = 0

    def files(self) -> tuple[ModelFile, ...]:
        return (FILE,)

    def blame(self, file: ModelFile) -> str:
        return "the script"

    def fetch(self, file: ModelFile, part: str) -> None:
        self.asked += 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        step(Path(part))


def gives(content: bytes) -> Callable[[Path], None]:
    def step(part: Path) -> None:
        part.open("ab").write(content)

    return step


def raises(error: Exception) -> Callable[[Path], None]:
    def step(_: Path) -> None:
        raise error

    return step


def gives_then_breaks(content: bytes) -> Callable[[Path], None]:
    def step(part: Path) -> None:
        part.open("ab").write(content)
        raise Transient("broke off")

    return step


class FetcherTest(StagingCase):
    def fetcher(self, origin: Scripted, **changes: object) -> Fetcher:
        self.said: list[object] = []
        self.pauses: list[float] = []
        request = replace(self.request(), **changes)  # type: ignore[arg-type]
        self.final = Path(request.destination, "folder", "a")
        Path(request.destination, ".staging").mkdir(parents=True, exist_ok=True)
        return Fetcher(request, origin, self.said.append, self.pauses.append)

    def test_bring_renames_a_part_only_when_its_checksum_is_right(self) -> None:
        origin = Scripted(gives(b"x" * 10), gives(CONTENT))
        self.fetcher(origin).bring(FILE)
        self.assertEqual(self.final.read_bytes(), CONTENT)
        self.assertEqual(origin.asked, 2)
        self.assertIn("arrived from the script with git-sha1", str(self.said))

    def test_bring_with_wrong_content_twice_fails_and_leaves_nothing(self) -> None:
        with self.assertRaisesRegex(ChecksumMismatch, "arrived 2 times with wrong content"):
            self.fetcher(Scripted(gives(b"x" * 10))).bring(FILE)
        self.assertEqual([path for path in self.destination.rglob("*") if path.is_file()], [])

    def test_bring_of_a_right_file_asks_nobody_and_of_a_wrong_one_does(self) -> None:
        for content, asked in ((CONTENT, 0), (b"9876543210", 1)):
            with self.subTest(content):
                origin = Scripted(gives(CONTENT))
                fetcher = self.fetcher(origin, destination=str(self.folder / str(asked)))
                self.final.parent.mkdir(parents=True, exist_ok=True)
                self.final.write_bytes(content)
                fetcher.bring(FILE)
                self.assertEqual((origin.asked, self.final.read_bytes()), (asked, CONTENT))

    def test_bring_gives_up_after_failures_in_a_row(self) -> None:
        origin = Scripted(raises(Transient("HTTP 502")))
        with self.assertRaisesRegex(SourceUnreachable, r"folder/a: HTTP 502 \(4 attempts in a row\)"):
            self.fetcher(origin).bring(FILE)
        self.assertEqual(origin.asked, HURRY.attempts)
        self.assertEqual(self.pauses, [0.02, 0.04, 0.08])

    def test_bring_with_new_bytes_forgets_earlier_failures(self) -> None:
        origin = Scripted(*[gives_then_breaks(bytes([digit])) for digit in CONTENT], lambda _: None)
        self.fetcher(origin).bring(FILE)
        self.assertGreater(origin.asked, HURRY.attempts)
        self.assertEqual(set(self.pauses), {0.02})

    def test_bring_pauses_as_long_as_the_source_asks_within_a_bound(self) -> None:
        for wanted, taken in ((7.0, 7.0), (9999.0, HURRY.retry_after_longest)):
            with self.subTest(wanted):
                origin = Scripted(raises(Transient("HTTP 429", wanted)), gives(CONTENT))
                self.fetcher(origin, destination=str(self.folder / str(wanted))).bring(FILE)
                self.assertEqual(self.pauses, [taken])

    def test_bring_from_peers_waits_without_a_bound(self) -> None:
        steps = [raises(NotYet("waits")), raises(Transient("refused"))] * 20
        changes = {"role": RECEIVE, "fan_out": object()}
        self.fetcher(Scripted(*steps, gives(CONTENT)), **changes).bring(FILE)
        self.assertEqual(len(self.pauses), 40)
        notes = [said for said in self.said if isinstance(said, Note)]
        self.assertEqual([note.has_failed for note in notes], [False, True] * 20)


if __name__ == "__main__":
    unittest.main()
