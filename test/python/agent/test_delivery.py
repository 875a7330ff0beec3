import json
import os
import unittest

from workload_case import A, B, Killed, WorkloadCase, killed_before

from ray_node.agent.delivery import Refused
from ray_node.agent.workload_store import Taken, WorkloadStore


class DeliveryTest(WorkloadCase):
    def refusal(self, holder: str = "bob") -> str:
        with self.assertRaises(Refused) as caught:
            self.deliver(B, holder)
        return str(caught.exception)

    def test_delivered_workload_is_taken_with_its_holder(self) -> None:
        store = WorkloadStore(self.folder)
        self.deliver(A, "ann on host-1")
        self.assertEqual(store.take(None), Taken.NEXT)
        following = store.rollout.next
        assert following is not None
        self.assertEqual((following.number, following.holder), (A.number, "ann on host-1"))
        self.assertEqual((following.phase, following.attempts), ("staging", 1))

    def test_second_delivery_is_refused_with_who_holds_the_first(self) -> None:
        store = WorkloadStore(self.folder)
        self.deliver(A)
        self.assertRegex(self.refusal(), rf"^{A.number} has been delivered at 2023-.* by ann$")
        store.take(None)
        expected = rf"^rollout of {A.number} is in progress since 2023-.*, started by ann$"
        self.assertRegex(self.refusal(), expected)
        self.assertEqual(self.files(), {f"{A.number}.json", "rollout.json", "lock"})

    def test_same_workload_joins_its_rollout(self) -> None:
        store = WorkloadStore(self.folder)
        for _ in range(2):
            self.deliver(A)
        store.take(None)
        before = store.rollout
        self.deliver(A, "bob")
        self.assertIsNone(store.take(None))
        self.assertEqual(store.rollout, before)
        self.assertNotIn("request.json", self.files())

    def test_delivery_after_the_end_of_a_rollout_is_taken(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        self.assertEqual(store.take(A.number), Taken.NEXT)

    def test_request_that_no_head_has_taken_is_replaced(self) -> None:
        self.deliver(A)
        self.clock.sleep(29)
        self.refusal()
        self.clock.sleep(2)
        self.deliver(B, "bob")
        store = WorkloadStore(self.folder)
        store.take(None)
        self.assertEqual(store.rollout.kept, {B.number})
        self.assertEqual(self.files(), {f"{B.number}.json", "rollout.json", "lock"})

    def test_request_that_cannot_be_read_is_replaced(self) -> None:
        os.makedirs(self.folder.path)
        for text in ("", json.dumps({"schema": 1, "number": A.number, "holder": "ann", "at": "soon"})):
            with open(os.path.join(self.folder.path, "request.json"), "w", encoding="utf-8") as file:
                file.write(text)
            with self.subTest(text):
                self.deliver(B)
                request = self.folder.request()
                assert request is not None
                self.assertEqual(request.number, B.number)

    def test_delivery_to_a_head_whose_record_is_broken_is_refused(self) -> None:
        self.serve(A)
        with open(os.path.join(self.folder.path, "rollout.json"), "w", encoding="utf-8") as file:
            file.write("{")
        self.assertIn("rollout.json is not JSON", self.refusal())

    def test_delivery_waits_for_the_lock_but_not_for_ever(self) -> None:
        with self.folder.lock() as free:
            self.assertTrue(free)
            started = self.clock.now
            self.assertIn("has been locked by another process for 30 s", self.refusal())
            self.assertAlmostEqual(self.clock.now - started, 30, delta=0.1)
        self.deliver(B)

    def test_head_does_not_wait_for_one_who_delivers(self) -> None:
        store = WorkloadStore(self.folder)
        self.deliver(A)
        with self.folder.lock():
            self.assertIsNone(store.take(None))
        self.assertEqual(store.take(None), Taken.NEXT)

    def test_kill_of_one_who_delivers_blocks_nobody(self) -> None:
        point = 0
        while True:
            point += 1
            self.renew()
            self.serve(A)
            with killed_before(point):
                try:
                    self.deliver(B)
                except Killed:
                    pass
                else:
                    break
            with self.subTest(point):
                store = WorkloadStore(self.folder)
                self.assertIn(store.take(A.number), (None, Taken.NEXT))
                self.assertEqual(store.rollout.current, A.number)
                self.deliver(B)
                store.take(A.number)
                self.assertEqual(store.rollout.kept, {A.number, B.number})
        self.assertEqual(point - 1, 6)

    def test_request_is_visible_only_after_its_workload(self) -> None:
        self.serve(A)
        with killed_before(6), self.assertRaises(Killed):
            self.deliver(B)
        self.assertEqual(self.folder.workload(B.number), B)
        request = self.folder.request()
        assert request is not None
        self.assertEqual(request.number, B.number)


if __name__ == "__main__":
    unittest.main()
