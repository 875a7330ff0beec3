"""ship_logs: what is read of the journal, what a call takes, and that nothing is lost or sent twice."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import ship_logs

#: Keeps what it gets in the folder that is its first argument, one file a call.
_SOURCE = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
text = sys.stdin.read()
if (folder / "hangs").exists():
    import time
    time.sleep(60)
if (folder / "refuses").exists():
    sys.exit("An error occurred (AccessDeniedException)")
number = len(list(folder.glob("call-*")))
(folder / f"call-{number}").write_text(text)
"""


def entry(number: int, message: Any = None, at: int | None = None) -> str:
    stamp = str((number if at is None else at) * 1000)
    fields = {"__CURSOR": f"c{number}", "__REALTIME_TIMESTAMP": stamp, "MESSAGE": message}
    return json.dumps(fields)


def events(*lines: str) -> list[tuple[str, ship_logs.Event | None]]:
    return list(ship_logs.events(lines))


class EventsTest(unittest.TestCase):
    def test_entry_has_its_time_in_milliseconds_and_its_words(self) -> None:
        self.assertEqual(events(entry(7, "a\n")), [("c7", {"timestamp": 7, "message": "a"})])

    def test_message_that_is_no_utf8_is_read_from_its_bytes(self) -> None:
        [(_, event)] = events(entry(1, [0x61, 0xFF]))
        self.assertEqual(event, {"timestamp": 1, "message": "a\ufffd"})

    def test_message_that_is_too_long_for_a_call_is_cut_between_characters(self) -> None:
        for message in ("a" + "é" * ship_logs.LONGEST_BYTES, [0xFF] * ship_logs.LONGEST_BYTES):
            [(_, event)] = events(entry(1, message))
            assert event is not None
            self.assertIn(len(event["message"].encode()), range(249_990, 250_001))

    def test_entries_without_words_only_move_the_cursor(self) -> None:
        found = events(entry(1, ""), entry(2, " \n"), entry(3, None))
        self.assertEqual(found, [("c1", None), ("c2", None), ("c3", None)])
        self.assertEqual(ship_logs.batch(found), ("c3", [], False))


class BatchTest(unittest.TestCase):
    def test_batch_is_in_the_order_of_time_where_the_clock_was_set_back(self) -> None:
        last, found, _ = ship_logs.batch(events(entry(1, "a", 50), entry(2, "b", 40)))
        self.assertEqual((last, [one["message"] for one in found]), ("c2", ["b", "a"]))

    def test_batch_ends_before_it_has_too_many_bytes(self) -> None:
        text = "é" * 120_000 + "a" * 9_000
        last, found, is_full = ship_logs.batch(events(*(entry(number, text) for number in range(1, 9))))
        self.assertEqual((last, len(found), is_full), ("c4", 4, True))
        self.assertLess(sum(len(one["message"].encode()) + 26 for one in found), 1_048_576)

    def test_batch_ends_before_it_has_too_many_events(self) -> None:
        last, found, _ = ship_logs.batch(events(*(entry(number, "a") for number in range(1, 20_000))))
        self.assertEqual((last, len(found)), (f"c{ship_logs.MOST_EVENTS}", ship_logs.MOST_EVENTS))
        self.assertLessEqual(len(found), 10_000)

    def test_batch_ends_before_it_spans_a_day(self) -> None:
        day = 86_400_000
        last, found, is_full = ship_logs.batch(
            events(entry(1, "a", day), entry(2, "b", day + 5), entry(3, "c", 2 * day))
        )
        self.assertEqual((last, len(found), is_full), ("c2", 2, True))
        # The clock stood at 1970 until a server was reached.
        last, found, _ = ship_logs.batch(events(entry(1, "a", 5), entry(2, "b", 10_000 * day)))
        self.assertEqual((last, len(found)), ("c1", 1))
        # Set back in the middle: hours before the first and hours after it.
        hour = day // 24
        times = (20 * hour, 10 * hour, 30 * hour, 32 * hour)
        last, found, _ = ship_logs.batch(events(*(entry(number, "a", at) for number, at in enumerate(times))))
        self.assertEqual((last, [one["timestamp"] // hour for one in found]), ("c2", [10, 20, 30]))


class ShipTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.state = self.folder / "log-cursor"
        self.journal = [entry(1, "a"), entry(2, ""), entry(3, "b")]
        (self.folder / "source.py").write_text(_SOURCE)

    def ship(self) -> bool:
        source = [sys.executable, str(self.folder / "source.py"), str(self.folder)]
        return ship_logs.ship(source, self.state, self.read)

    def read(self, cursor: str) -> ship_logs.Batch:
        lines = [line for line in self.journal if json.loads(line)["__CURSOR"] > cursor]
        return ship_logs.batch(events(*lines))

    def sent(self) -> list[str]:
        calls = sorted(self.folder.glob("call-*"))
        return [one["message"] for call in calls for one in json.loads(call.read_text())]

    def test_what_was_taken_is_not_sent_again(self) -> None:
        self.assertFalse(self.ship())
        self.assertFalse(self.ship())
        self.journal.append(entry(4, "c"))
        self.assertFalse(self.ship())
        self.assertEqual(self.sent(), ["a", "b", "c"])

    def test_more_waits_where_one_call_did_not_take_all(self) -> None:
        with mock.patch("ship_logs.MOST_EVENTS", 1):
            self.assertTrue(self.ship())
            self.assertFalse(self.ship())
        self.assertEqual(self.sent(), ["a", "b"])
        self.assertEqual(self.state.read_text(), "c3")

    def test_what_was_refused_is_offered_again(self) -> None:
        (self.folder / "refuses").touch()
        with self.assertRaisesRegex(subprocess.CalledProcessError, "exit status 1"):
            self.ship()
        self.assertFalse(self.state.exists())
        (self.folder / "refuses").unlink()
        self.assertFalse(self.ship())
        self.assertEqual(self.sent(), ["a", "b"])

    def test_call_that_hangs_is_ended_and_made_again(self) -> None:
        (self.folder / "hangs").touch()
        with mock.patch("ship_logs.CALL_SECONDS", 0.5), self.assertRaises(subprocess.TimeoutExpired):
            self.ship()
        (self.folder / "hangs").unlink()
        self.assertFalse(self.ship())
        self.assertEqual(self.sent(), ["a", "b"])

    def test_nothing_is_sent_where_there_are_no_words(self) -> None:
        self.journal = [entry(1, "")]
        self.assertFalse(self.ship())
        self.assertEqual((self.sent(), self.state.read_text()), ([], "c1"))


class FollowTest(unittest.TestCase):
    def follow(self, *results: Any) -> tuple[list[float], list[str]]:
        """Pauses, and what was said, of calls that end in these ways; then it is over."""
        pauses: list[float] = []
        said: list[str] = []
        one = mock.Mock(side_effect=[*results, False])

        def is_over(pause: float) -> bool:
            pauses.append(pause)
            return len(pauses) == len(results)

        with mock.patch("builtins.print", lambda words, **_: said.append(words)):
            ship_logs.follow(one, is_over)
        # The last words of services that end before this one.
        self.assertEqual(one.call_count, len(results) + 1)
        return pauses, said

    def test_follow_goes_on_at_once_while_there_is_more(self) -> None:
        self.assertEqual(self.follow(True, True, False)[0], [0.0, 0.0, ship_logs.PAUSE_SECONDS])

    def test_follow_sends_all_that_is_left_at_the_end_and_stops_at_a_refusal(self) -> None:
        error = subprocess.TimeoutExpired("aws", 120)
        for end, calls in (([True, True, False], 4), ([True, error], 3)):
            one = mock.Mock(side_effect=[False, *end])
            with mock.patch("builtins.print"):
                ship_logs.follow(one, lambda _: True)
            self.assertEqual(one.call_count, calls)

    def test_follow_waits_after_a_refusal_and_says_it_once(self) -> None:
        error = subprocess.CalledProcessError(1, "aws", stderr="AccessDeniedException\n")
        pauses, said = self.follow(error, error, False, error)
        self.assertEqual(
            pauses, [ship_logs.RETRY_SECONDS] * 2 + [ship_logs.PAUSE_SECONDS, ship_logs.RETRY_SECONDS]
        )
        self.assertEqual(said, ["logs stay on this machine for now: AccessDeniedException"] * 2)


class JournalTest(unittest.TestCase):
    def journal(self, cursor: str, script: str) -> tuple[Any, str]:
        """With a journalctl of ours, first in PATH, and the arguments that it got."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "journalctl")
            program.write_text(f'#!/bin/sh\necho "$@" >>{folder}/calls\n{script}\n')
            program.chmod(0o755)
            with mock.patch.dict("os.environ", {"PATH": f"{folder}:/usr/bin:/bin"}):
                found = ship_logs.journal(cursor)
            return found, Path(folder, "calls").read_text()

    def test_journal_is_read_after_the_cursor_for_the_units_of_the_node(self) -> None:
        found, calls = self.journal("c1", f"echo '{entry(2, 'b')}'")
        self.assertEqual(found, ("c2", [{"timestamp": 2, "message": "b"}], False))
        self.assertIn(
            "--unit=ray-cluster.service --unit=ray-cluster-announce.service --after-cursor=c1", calls
        )

    def test_journal_that_has_lost_the_cursor_is_read_from_the_boot(self) -> None:
        script = f"case \"$*\" in *--after-cursor*) exit 1;; esac; echo '{entry(1, 'a')}'"
        found, calls = self.journal("gone", script)
        self.assertEqual(found[0], "c1")
        self.assertIn("--boot", calls.split("\n")[1])

    def test_journal_without_news_is_no_lost_cursor(self) -> None:
        self.assertEqual(self.journal("c1", "exit 0"), ((None, [], False), mock.ANY))


if __name__ == "__main__":
    unittest.main()
