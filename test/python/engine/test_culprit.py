import unittest

from ray_node.channel import follower_messages
from ray_node.cluster.membership import Member
from ray_node.engine import culprit
from ray_node.engine.culprit import Evidence, OwnEnd
from ray_node.engine.group import FollowerEnd
from ray_node.host.failure import Culprit, EngineFailed

HEAD = Culprit("npu-0", "10.0.0.10", "")
OWN = EngineFailed("the engine exited with code 1", log_lines=["lost rank 1"])


def member(index: int) -> Member:
    return Member(f"npu-{index}", "npu", f"10.0.0.1{index}", True, False, "member", 8, 8, "id", True)


def end(index: int, at: float, reason: str = "exited with code 9: out of memory") -> FollowerEnd:
    return FollowerEnd(member(index), index, at, reason, ("out of memory",))


class CulpritTest(unittest.TestCase):
    def test_first_is_the_end_that_caused_the_others(self) -> None:
        """(own end, followers' ends, silent nodes): the culprit."""
        own, killed = OwnEnd(10.0), "was killed by SIGKILL"
        cases: list[tuple[OwnEnd | None, list[FollowerEnd], list[Member], str]] = [
            (None, [], [], "npu-0"),
            (own, [], [], "npu-0"),
            (own, [end(1, 9.9)], [], "npu-1"),
            (own, [end(1, 10.1)], [], "npu-0"),
            (None, [end(1, 10.1), end(2, 10.0)], [], "npu-2"),
            (own, [end(1, 10.1, killed)], [], "npu-1"),
            (own, [end(1, 9.9), end(2, 10.2, killed)], [], "npu-2"),
            (own, [end(1, 10.6, killed)], [], "npu-0"),
            (own, [end(1, 10.1, follower_messages.STOPPED)], [], "npu-1"),
            (own, [end(1, 10.6, follower_messages.STOPPED)], [], "npu-0"),
            (OwnEnd(10.0, from_outside=True), [end(1, 9.9)], [], "npu-0"),
            (own, [], [member(2)], "npu-2"),
            (own, [end(1, 9.9)], [member(2)], "npu-1"),
            (own, [end(1, 10.1)], [member(2)], "npu-0"),
        ]
        for own_end, ends, silent, wanted in cases:
            with self.subTest(own=own_end, ends=ends, silent=silent):
                found = culprit.judge(OWN, HEAD, Evidence(own_end, ends, silent, 2.0))
                self.assertEqual(found.culprit and found.culprit.name, wanted)

    def test_judge_quotes_the_follower_that_ended_first(self) -> None:
        found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), [end(1, 9.0)], [], 0.4))
        what = "the engine's follower, rank 1, exited with code 9: out of memory"
        self.assertEqual(found.reason, f"npu-1 (10.0.0.11): {what}")
        self.assertEqual(found.culprit, Culprit("npu-1", "10.0.0.11", f"engine: {what}"))
        self.assertEqual(found.log_lines, ["out of memory"])

    def test_judge_knows_whether_the_follower_would_end_the_same_way(self) -> None:
        for reason, wanted in (
            ("exited with code 1: ImportError: undefined symbol: x", True),
            ("exited with code 1: OSError: x", False),
        ):
            with self.subTest(reason):
                found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), [end(1, 9.0, reason)], [], 0.4))
                self.assertEqual(found.is_final, wanted)

    def test_judge_blames_the_node_that_the_output_names(self) -> None:
        """Ray's executor has no followers: a follower's end or a silent node says more."""
        found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), named=member(2)))
        self.assertEqual(found.reason, f"npu-2 (10.0.0.12): {OWN.reason}")
        self.assertEqual(found.culprit, Culprit("npu-2", "10.0.0.12", f"engine: {OWN.reason}"))
        found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), [end(1, 9.0)], named=member(2)))
        self.assertEqual(found.culprit and found.culprit.name, "npu-1")

    def test_judge_of_a_silent_node_blames_it(self) -> None:
        found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), [], [member(2)], 2.04))
        self.assertEqual(
            found.reason,
            "the engine exited with code 1; npu-2 (10.0.0.12) runs an engine process "
            "but has not reported for 2 s",
        )
        self.assertEqual(found.log_lines, ["lost rank 1"])

    def test_judge_without_other_evidence_blames_the_head(self) -> None:
        found = culprit.judge(OWN, HEAD, Evidence(OwnEnd(10.0), [], [], 0.5))
        self.assertEqual(
            found.culprit, Culprit("npu-0", "10.0.0.10", "engine: the engine exited with code 1")
        )
        self.assertEqual((found.reason, found.log_lines), (OWN.reason, OWN.log_lines))


if __name__ == "__main__":
    unittest.main()
