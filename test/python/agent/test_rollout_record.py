"""Where a workload stands, for those who wait for it."""

import dataclasses
import unittest
from pathlib import Path

import support
from workload_case import A, B, C, WorkloadCase

from ray_node.agent import rollout_record
from ray_node.agent.rollout import RolloutFailure, RolloutVerdict
from ray_node.agent.rollout_record import CURRENT, DELIVERED, NEXT, REPLACED, UNKNOWN, RolloutRecord
from ray_node.config.load import parse
from ray_node.config.workload import NumberedWorkload


class RolloutRecordTest(WorkloadCase):
    def setUp(self) -> None:
        super().setUp()
        config = parse(support.node_life(support.example()))
        paths = dataclasses.replace(config.paths, state=str(Path(self.folder.path).parent))
        self.config = dataclasses.replace(config, paths=paths)

    def record(self, given: NumberedWorkload) -> RolloutRecord:
        return RolloutRecord(self.config, given.number)

    def expected(self) -> str | None:
        found = rollout_record.expected(self.config)
        return found.number if found is not None else None

    def test_standing_follows_a_workload_from_delivery_to_success(self) -> None:
        store = self.serve(A)
        record = self.record(B)
        self.assertIs(record.look(), UNKNOWN)
        self.deliver(B)
        self.assertIs(record.look(), DELIVERED)
        store.take(A.number)
        self.assertIs(record.look(), NEXT)
        store.advance("switching")
        self.assertIs(record.look(), NEXT)
        store.accept("hello")
        self.assertIs(record.look(), CURRENT)
        self.assertIs(self.record(A).look(), UNKNOWN, "it is not what runs any more")

    def test_failure_is_the_answer_until_the_workload_is_delivered_again(self) -> None:
        store = self.serve(A)
        record = self.record(B)
        self.deliver(B)
        store.take(A.number)
        store.fail(A.number, RolloutFailure("no disk", None))
        found = record.look()
        assert isinstance(found, RolloutVerdict)
        self.assertIn("no disk; serving now", found.text)
        self.assertIs(self.record(A).look(), CURRENT)
        self.assertEqual(rollout_record.failure(self.config, B.number), found)
        self.assertIsNone(rollout_record.failure(self.config, A.number))
        self.deliver(B)
        self.assertIs(record.look(), DELIVERED, "the failure before is no answer to this delivery")

    def test_workload_that_was_known_and_is_gone_was_replaced(self) -> None:
        store = self.serve(A)
        record = self.record(A)
        self.assertIs(record.look(), CURRENT)
        for following in (B, C):
            self.deliver(following)
            store.take(None)
            store.advance("switching")
            store.accept("hello")
        self.assertIs(record.look(), REPLACED)

    def test_expected_is_what_comes_next_else_what_runs(self) -> None:
        self.assertIsNone(self.expected())
        self.deliver(A)
        self.assertEqual(self.expected(), A.number)
        store = self.serve()
        store.take(None)
        store.advance("switching")
        store.accept("hello")
        self.assertEqual(self.expected(), A.number)
        self.deliver(B)
        self.assertEqual(self.expected(), B.number)
        store.take(A.number)
        self.assertEqual(self.expected(), B.number)

    def test_record_that_cannot_be_read_is_no_answer(self) -> None:
        self.serve(A)
        Path(self.folder.path, "rollout.json").write_text("{")
        self.assertIs(self.record(A).look(), UNKNOWN)
        self.assertIsNone(self.expected())


if __name__ == "__main__":
    unittest.main()
