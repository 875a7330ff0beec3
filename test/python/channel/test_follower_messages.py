import json
import unittest

from ray_node.channel import follower_messages
from ray_node.channel.follower_messages import FollowerReport, RunDirective

ENDED = FollowerReport(3, "ended", "exited with code 1", ("Traceback", "  File 'x'"), 0.25)


class FollowerMessagesTest(unittest.TestCase):
    def test_read_back(self) -> None:
        for sent in (ENDED, FollowerReport(1, "running")):
            self.assertEqual(follower_messages.read_follower(json.loads(json.dumps(sent.plain()))), sent)
        run = RunDirective(2, 1)
        self.assertEqual(follower_messages.read_run(json.loads(json.dumps(run.plain()))), run)
        self.assertIsNone(follower_messages.read_follower(None))
        self.assertIsNone(follower_messages.read_run(None))

    def test_bad_messages(self) -> None:
        good = ENDED.plain()
        bad: list[object] = [[], 1, {}, {**good, "state": "resting"}, {**good, "lines": "x"}]
        bad += [{**good, "lines": [1]}, {**good, "endedSecondsAgo": "soon"}, {**good, "attempt": None}]
        bad += [{key: value for key, value in good.items() if key != gone} for gone in good]
        for value in bad:
            with self.subTest(value=value), self.assertRaises((KeyError, TypeError, ValueError)):
                follower_messages.read_follower(value)
        for value in [[], {}, {"attempt": 1}, {"attempt": "x", "rank": 1}]:
            with self.subTest(value=value), self.assertRaises((KeyError, TypeError, ValueError)):
                follower_messages.read_run(value)

    def test_what_comes_is_bounded_and_plain(self) -> None:
        """It ends up in the head's log and state."""
        lines = tuple(f"{number} \x1b[31mred" + "x" * 500 for number in range(100))
        sent = FollowerReport(1, "ended", "a\nb", lines, -5.0)
        value = sent.plain()
        self.assertLess(len(json.dumps(value)), 20_000)
        read = follower_messages.read_follower(value)
        assert read is not None
        self.assertEqual((read.reason, len(read.lines), read.ended_seconds_ago), ("a b", 30, 0.0))
        self.assertTrue(read.lines[-1].startswith("99  [31mredx"))
        self.assertEqual({len(line) for line in read.lines}, {300})


if __name__ == "__main__":
    unittest.main()
