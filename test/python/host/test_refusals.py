import unittest
from unittest import mock

from ray_node.host import refusals


class RefusalsTest(unittest.TestCase):
    def setUp(self) -> None:
        refusals.forget()
        self.addCleanup(refusals.forget)
        self.said: list[str] = []
        patch = mock.patch("ray_node.host.log.line", self.said.append)
        patch.start()
        self.addCleanup(patch.stop)

    def test_flood_is_counted_and_told_in_a_few_lines(self) -> None:
        for _ in range(1500):
            refusals.note("report", "too-deep", "10.0.0.9")
        self.assertEqual(refusals.counts(), {"report": {"too-deep": 1500}})
        self.assertEqual(len(self.said), 4)
        self.assertEqual(self.said[-1], "refused, report, too-deep (so far 1000 times): 10.0.0.9")

    def test_causes_that_somebody_invents_are_counted_together(self) -> None:
        for number in range(200):
            refusals.note("hub", f"code-{number}")
        self.assertEqual(len(refusals.counts()["hub"]), 41)
        self.assertEqual(refusals.counts()["hub"]["other"], 160)


if __name__ == "__main__":
    unittest.main()
