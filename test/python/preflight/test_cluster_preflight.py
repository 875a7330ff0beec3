import unittest
from dataclasses import replace

from ray_node.channel.report import HeardReport, NodeReport
from ray_node.cluster.membership import Member
from ray_node.host.versions import Versions
from ray_node.preflight import cluster_preflight

HEAD = "10.0.0.1"
WORKER = "10.0.0.2"
VERSIONS = Versions("2.58.0", "3.11.2")
MEMBERS = [
    Member("npu-0", "npu", HEAD, True, False, "member", 8, 8, "a", True),
    Member("npu-1", "npu", WORKER, True, False, "member", 8, 8, "b", True),
]


def heard(versions: Versions = VERSIONS, skew_seconds: float = 0.0) -> dict[str, HeardReport]:
    report = NodeReport("c", "npu-1", "npu", WORKER, "joined", None, versions, 8, 8, 0.0)
    return {WORKER: HeardReport(report, 1.0, skew_seconds)}


def judge(
    found: dict[str, HeardReport], environment: dict[str, str] | None = None
) -> cluster_preflight.Outcome:
    return cluster_preflight.judge(MEMBERS, HEAD, VERSIONS, found, environment or {})


class ClusterPreflightTest(unittest.TestCase):
    def test_judge_of_equal_nodes_finds_nothing(self) -> None:
        self.assertEqual(judge(heard()), cluster_preflight.Outcome(None, ()))

    def test_judge_of_another_python_names_the_node(self) -> None:
        problem = judge(heard(replace(VERSIONS, python="3.11.9"))).problem
        assert problem is not None
        self.assertEqual(problem.reason, "npu-1 (10.0.0.2): Python 3.11.9 here, 3.11.2 on the head")
        self.assertEqual(str(problem.culprit), "npu-1 (10.0.0.2)")

    def test_judge_of_another_python_patch_at_level_minor_finds_nothing(self) -> None:
        environment = {"RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL": "minor"}
        self.assertIsNone(judge(heard(replace(VERSIONS, python="3.11.9")), environment).problem)

    def test_judge_of_a_clock_a_minute_off_warns(self) -> None:
        cases = [
            (59.0, ()),
            (-59.0, ()),
            (61.0, ("the clock of npu-1 (10.0.0.2) is 61 s ahead of the head's",)),
            (-299.0, ("the clock of npu-1 (10.0.0.2) is 299 s behind the head's",)),
        ]
        for skew, warnings in cases:
            with self.subTest(skew=skew):
                self.assertEqual(judge(heard(skew_seconds=skew)), cluster_preflight.Outcome(None, warnings))

    def test_judge_of_a_clock_minutes_off_fails(self) -> None:
        for skew, words in ((600.0, "600 s ahead of"), (-600.0, "600 s behind")):
            with self.subTest(skew=skew):
                problem = judge(heard(skew_seconds=skew)).problem
                assert problem is not None
                self.assertIn(f"npu-1 (10.0.0.2): its clock is {words} the head's", problem.reason)
                self.assertEqual(str(problem.culprit), "npu-1 (10.0.0.2)")

    def test_judge_of_a_head_clock_that_is_off_blames_the_head(self) -> None:
        members = [*MEMBERS, replace(MEMBERS[1], name="npu-2", address="10.0.0.3")]
        for skew, words in ((600.0, "600 s behind"), (-600.0, "600 s ahead of")):
            with self.subTest(skew=skew):
                said = heard(skew_seconds=skew)[WORKER]
                reports = {WORKER: said, "10.0.0.3": replace(said, skew_seconds=skew + 1.0)}
                problem = cluster_preflight.judge(members, HEAD, VERSIONS, reports, {}).problem
                assert problem is not None
                self.assertIn(f"npu-0 (10.0.0.1): its clock is {words} that of most nodes", problem.reason)
                self.assertEqual(str(problem.culprit), "npu-0 (10.0.0.1)")

    def test_judge_of_two_clocks_against_two_blames_a_worker(self) -> None:
        others = [replace(MEMBERS[1], name=f"npu-{index}", address=f"10.0.0.{index + 1}") for index in (2, 3)]
        said = heard()[WORKER]
        reports = {WORKER: said, **{str(one.address): replace(said, skew_seconds=600.0) for one in others}}
        problem = cluster_preflight.judge([*MEMBERS, *others], HEAD, VERSIONS, reports, {}).problem
        assert problem is not None
        self.assertEqual(str(problem.culprit), "npu-2 (10.0.0.3)")

    def test_judge_of_a_member_without_a_report_warns(self) -> None:
        outcome = judge({})
        self.assertIsNone(outcome.problem)
        self.assertIn("no report from npu-1 (10.0.0.2)", outcome.warnings[0])
        self.assertEqual(cluster_preflight.unheard(MEMBERS, HEAD, {}), MEMBERS[1:])
        self.assertEqual(cluster_preflight.unheard(MEMBERS, HEAD, heard()), [])


if __name__ == "__main__":
    unittest.main()
