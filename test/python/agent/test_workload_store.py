import os
import unittest
from collections.abc import Callable
from dataclasses import replace

import workload_case
from workload_case import A, B, C, Killed, WorkloadCase, killed_before

from ray_node.agent import rollout
from ray_node.agent.rollout import RolloutFailure
from ray_node.agent.workload_folder import Request
from ray_node.agent.workload_store import Taken, WorkloadStore
from ray_node.config.config_error import ConfigError
from ray_node.host.failure import Culprit, NodeFailed

CULPRIT = Culprit("npu-1", "10.89.28.11", "exited with code 2")
FAILURE = RolloutFailure("the engine exited with code 2", CULPRIT)


class WorkloadStoreTest(WorkloadCase):
    def test_new_cluster_has_no_workload(self) -> None:
        store = WorkloadStore(self.folder)
        self.assertIsNone(store.rollout.subject)
        self.assertIsNone(store.take(None))

    def test_accepted_workload_is_current_and_the_last_one_previous(self) -> None:
        store = self.serve(A, B)
        self.assertEqual((store.rollout.current, store.rollout.previous), (B.number, A.number))
        verdict = store.rollout.verdict
        assert verdict is not None
        self.assertEqual((verdict.number, verdict.verdict), (B.number, "serving"))
        self.assertEqual((verdict.text, verdict.serving), ("hello", B.number))

    def test_files_of_older_workloads_are_removed(self) -> None:
        self.serve(A, B, C)
        expected = {f"{B.number}.json", f"{C.number}.json", "rollout.json", "lock"}
        self.assertEqual(self.files(), expected)

    def test_workload_in_rollout_keeps_its_file(self) -> None:
        store = self.serve(A, B)
        self.deliver(C)
        self.assertEqual(store.take(B.number), Taken.NEXT)
        self.assertEqual(store.workload(C.number), C)
        self.assertEqual(store.rollout.kept, {A.number, B.number, C.number})

    def test_subject_is_the_next_one_only_while_switching(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        subjects = [store.rollout.subject]
        changes: list[Callable[[], None]] = [
            lambda: store.advance("checking"),
            lambda: store.advance("switching"),
            lambda: store.go_back(FAILURE),
            lambda: store.fail(A.number),
        ]
        for change in changes:
            change()
            subjects.append(store.rollout.subject)
        self.assertEqual(subjects, [A.number, A.number, B.number, A.number, A.number])

    def test_failed_rollout_says_why_who_and_what_serves_now(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        store.advance("switching")
        store.go_back(FAILURE)
        self.assertIsNotNone(store.rollout.next, "no verdict before the current workload serves again")
        store.fail(A.number)
        verdict = store.rollout.verdict
        assert verdict is not None
        self.assertEqual((verdict.number, verdict.verdict), (B.number, "failed"))
        self.assertEqual((verdict.culprit, verdict.serving), (CULPRIT, A.number))
        text = f"workload {B.number} has failed: {FAILURE.reason}; serving now: {A.number}"
        self.assertEqual(verdict.text, text)
        self.assertEqual((store.rollout.current, store.rollout.previous), (A.number, None))

    def test_current_workload_that_does_not_serve_again_is_said(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        store.go_back(FAILURE)
        store.fail(None)
        assert store.rollout.verdict is not None
        self.assertTrue(store.rollout.verdict.text.endswith("; nothing serves now"))

    def test_first_workload_that_fails_stays_and_may_serve_later(self) -> None:
        store = WorkloadStore(self.folder)
        self.deliver(A)
        store.take(None)
        self.assertEqual(store.rollout.subject, A.number)
        store.fail(None, FAILURE)
        self.assertEqual((store.rollout.subject, store.rollout.proven), (A.number, False))
        store.accept("hello")
        self.assertEqual((store.rollout.current, store.rollout.proven), (A.number, True))
        self.assertIsNone(store.rollout.previous)

    def test_workload_that_never_served_is_not_gone_back_to(self) -> None:
        store = WorkloadStore(self.folder)
        for given in (A, B):
            self.deliver(given)
            store.take(None)
            self.assertEqual(store.rollout.subject, given.number)
            self.assertFalse(store.rollout.can_go_back)
            store.fail(None, FAILURE)
        self.assertEqual(store.rollout.kept, {B.number})

    def test_delivery_of_the_current_workload_starts_no_rollout_and_forgets_its_verdict(self) -> None:
        store = self.serve(A)
        self.deliver(A)
        self.assertEqual(store.take(A.number), Taken.CURRENT)
        self.assertIsNone(store.rollout.next)
        self.assertIsNone(store.rollout.verdict)
        self.assertIsNone(store.take(A.number), "a request is taken once")

    def test_workload_that_cannot_be_used_changes_nothing_but_the_verdict(self) -> None:
        other = workload_case.numbered({"engine.name": "x"}).content.replace(b"local-2x8", b"other")
        for content, reason in (
            (b"{}", "schema: must be 1"),
            (other, "cluster: must be 'local-2x8', the cluster of this node, got 'other'"),
        ):
            self.renew()
            store = self.serve(A)
            number = self.folder.put_workload(content)
            self.folder.put_request(Request(number, "ann", "now"))
            with self.subTest(reason):
                self.assertEqual(store.take(A.number), Taken.REFUSED)
                verdict = store.rollout.verdict
                assert verdict is not None
                self.assertEqual((verdict.number, verdict.verdict), (number, "failed"))
                self.assertIn(reason, verdict.text)
                self.assertIn(f"serving now: {A.number}", verdict.text)
                self.assertEqual((store.rollout.current, store.rollout.next), (A.number, None))
                self.assertIsNone(store.take(A.number))
                self.assertEqual(self.files(), {f"{A.number}.json", "rollout.json", "lock"})

    def test_request_without_a_workload_is_refused(self) -> None:
        for number in (B.number, "../../../etc/passwd"):
            self.renew()
            store = self.serve(A)
            self.folder.put_request(Request(number, "ann", "now"))
            with self.subTest(number):
                self.assertEqual(store.take(A.number), Taken.REFUSED)
                self.assertEqual(store.rollout.current, A.number)

    def test_request_that_cannot_be_read_is_removed(self) -> None:
        store = self.serve(A)
        before = store.rollout
        for text in ("", "[]", '{"schema": 1}'):
            with open(os.path.join(self.folder.path, "request.json"), "w", encoding="utf-8") as file:
                file.write(text)
            with self.subTest(text):
                self.assertEqual(store.take(A.number), Taken.REFUSED)
                self.assertEqual(store.rollout, before)
                self.assertIsNone(store.take(A.number))

    def test_workload_whose_file_was_changed_is_not_used(self) -> None:
        store = self.serve(A)
        with open(os.path.join(self.folder.path, f"{A.number}.json"), "ab") as file:
            file.write(b" ")
        with self.assertRaisesRegex(ConfigError, "must have the content of its number"):
            store.workload(A.number)

    def damage(self, name: str, text: str = "{") -> None:
        with open(os.path.join(self.folder.path, name), "w", encoding="utf-8") as file:
            file.write(text)

    def test_damaged_record_is_set_aside_and_the_next_delivery_begins_anew(self) -> None:
        for text in ("{", "{}", '{"schema": 1, "current": 3}'):
            self.renew()
            self.serve(A)
            self.damage("rollout.json", text)
            with self.subTest(text):
                store = WorkloadStore(self.folder)
                self.assertIsNone(store.rollout.subject)
                self.assertRegex(store.lost or "", "record of the workloads is lost: .*rollout.json")
                self.assertIn("rollout.json.damaged", self.files())
                self.deliver(A)
                self.assertEqual(store.take(None), Taken.NEXT)
                self.assertNotIn("rollout.json.damaged", self.files())

    def test_head_does_not_start_on_a_disk_that_it_cannot_read(self) -> None:
        self.serve(A)
        path = os.path.join(self.folder.path, "rollout.json")
        os.unlink(path)
        os.mkdir(path)
        with self.assertRaisesRegex(NodeFailed, "rollout.json cannot be read: Is a directory"):
            WorkloadStore(self.folder)

    def test_lost_current_workload_gives_way_to_the_one_before(self) -> None:
        self.serve(A, B)
        self.damage(f"{B.number}.json")
        store = WorkloadStore(self.folder)
        self.assertEqual((store.rollout.subject, store.rollout.can_go_back), (A.number, True))
        verdict = store.rollout.verdict
        assert verdict is not None
        self.assertEqual((verdict.number, verdict.verdict, verdict.text), (B.number, "failed", store.lost))
        reason = "must have the content of its number"
        self.assertRegex(verdict.text, f"workload {B.number} is lost: .*{reason}.*going back to {A.number}")
        again = WorkloadStore(self.folder)
        self.assertEqual((again.rollout, again.lost), (store.rollout, None))

    def test_lost_workload_that_is_delivered_again_is_rolled_out(self) -> None:
        self.serve(A, B)
        self.damage(f"{B.number}.json")
        store = WorkloadStore(self.folder)
        self.deliver(B)
        self.assertEqual(store.take(A.number), Taken.NEXT)
        store.advance("switching")
        store.accept("hello")
        self.assertEqual((store.rollout.current, store.rollout.previous), (B.number, A.number))

    def test_lost_workload_with_nothing_before_waits_for_a_delivery(self) -> None:
        for served in ((A,), (A, B)):
            self.renew()
            self.serve(*served)
            for given in served:
                self.damage(f"{given.number}.json")
            with self.subTest(len(served)):
                store = WorkloadStore(self.folder)
                self.assertEqual((store.rollout.subject, store.rollout.previous), (None, None))
                self.assertTrue((store.lost or "").endswith("; waiting for a delivery"))
                self.deliver(served[-1])
                self.assertEqual(store.take(None), Taken.NEXT)
                self.assertEqual(store.rollout.subject, served[-1].number)

    def test_lost_workload_beside_a_rollout_gives_way_to_the_next_one(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        self.damage(f"{A.number}.json")
        store = WorkloadStore(self.folder)
        self.assertEqual((store.rollout.subject, store.rollout.can_go_back), (B.number, False))
        self.assertTrue((store.lost or "").endswith(f"; going on with {B.number}"))

    def test_failed_rollout_without_a_way_back_any_more_has_its_verdict(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        store.go_back(FAILURE)
        self.damage(f"{A.number}.json")
        store = WorkloadStore(self.folder)
        self.assertEqual((store.rollout.subject, store.rollout.next), (None, None))
        assert store.rollout.verdict is not None
        self.assertEqual((store.rollout.verdict.number, store.rollout.verdict.verdict), (B.number, "failed"))


class RestartTest(WorkloadCase):
    def test_restart_goes_on_with_the_rollout_as_its_next_attempt(self) -> None:
        for phase in (rollout.STAGING, rollout.CHECKING, rollout.SWITCHING):
            self.renew()
            store = self.serve(A)
            self.deliver(B)
            store.take(A.number)
            store.advance(phase)
            with self.subTest(phase):
                before = store.rollout.next
                assert before is not None
                self.assertEqual(WorkloadStore(self.folder).rollout.next, replace(before, attempts=2))

    def test_restart_goes_on_going_back(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        store.go_back(FAILURE)
        for _ in range(5):
            again = WorkloadStore(self.folder)
            self.assertEqual(again.rollout, store.rollout)
        self.assertEqual(again.rollout.subject, A.number)

    def test_head_that_ends_in_every_attempt_goes_back(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        for _ in range(3):
            store = WorkloadStore(self.folder)
        following = store.rollout.next
        assert following is not None and following.failure is not None
        self.assertEqual(following.phase, "returning")
        reason = "the head has ended during the rollout, attempt 3 of 3"
        self.assertEqual(following.failure.reason, reason)

    def test_first_workload_whose_attempts_are_spent_fails_and_stays(self) -> None:
        store = WorkloadStore(self.folder)
        self.deliver(A)
        store.take(None)
        for _ in range(3):
            store = WorkloadStore(self.folder)
        self.assertIsNone(store.rollout.next)
        self.assertEqual((store.rollout.subject, store.rollout.proven), (A.number, False))
        assert store.rollout.verdict is not None
        self.assertEqual(store.rollout.verdict.verdict, "failed")

    def test_rollout_whose_file_has_gone_goes_back(self) -> None:
        store = self.serve(A)
        self.deliver(B)
        store.take(A.number)
        os.unlink(os.path.join(self.folder.path, f"{B.number}.json"))
        following = WorkloadStore(self.folder).rollout.next
        assert following is not None and following.failure is not None
        self.assertEqual(following.phase, "returning")
        self.assertIn("No such file", following.failure.reason)


class CrashTest(WorkloadCase):
    """Whoever is killed, and before whatever change of the disk: `serve(A)` first, then a rollout of B."""

    def killed_everywhere(self, scenario: Callable[[], None], check: Callable[[], None]) -> int:
        """Returns how many changes of the disk the scenario makes."""
        point = 0
        while True:
            point += 1
            self.renew()
            self.serve(A)
            with killed_before(point) as done:
                try:
                    scenario()
                except Killed:
                    pass
                else:
                    return point - 1
            with self.subTest(point=point, done=done[-3:]):
                check()

    def whole(self, store: WorkloadStore) -> None:
        """The record is of a settled head, or of a rollout that goes on; nothing that it names is missing."""
        found = store.rollout
        for number in found.kept:
            self.assertEqual(store.workload(number).number, number)
        self.assertTrue(found.proven)
        if found.next is not None:
            self.assertEqual((found.current, found.previous), (A.number, None))
            self.assertEqual(found.next.number, B.number)
        else:
            self.assertIn((found.current, found.previous), {(A.number, None), (B.number, A.number)})

    def restarted(self) -> WorkloadStore:
        store = WorkloadStore(self.folder)
        self.whole(store)
        return store

    def test_kill_in_a_rollout_that_succeeds_leaves_current_or_goes_on(self) -> None:
        def scenario() -> None:
            self.deliver(B)
            store = WorkloadStore(self.folder)
            self.assertEqual(store.take(A.number), Taken.NEXT)
            store.advance("checking")
            store.advance("switching")
            store.accept("hello")
            store.take(B.number)

        def check() -> None:
            self.restarted()
            self.clock.sleep(60)
            self.deliver(B)
            store = WorkloadStore(self.folder)
            store.take(A.number)
            self.whole(store)
            if store.rollout.next is not None:
                store.advance("switching")
                store.accept("hello")
            store.take(B.number)
            self.assertEqual((store.rollout.current, store.rollout.previous), (B.number, A.number))
            expected = {f"{A.number}.json", f"{B.number}.json", "rollout.json", "lock"}
            self.assertEqual(self.files(), expected)

        self.assertEqual(self.killed_everywhere(scenario, check), 2 * 3 + 3 + 2 + 3 * 3)

    def test_kill_in_a_rollout_that_fails_ends_with_the_current_workload(self) -> None:
        def scenario() -> None:
            self.deliver(B)
            store = WorkloadStore(self.folder)
            store.take(A.number)
            store.advance("switching")
            store.again()
            store.go_back(FAILURE)
            store.fail(A.number)
            store.take(A.number)

        def check() -> None:
            store = self.restarted()
            store.take(A.number)
            self.whole(store)
            if store.rollout.next is not None:
                if store.rollout.subject == B.number:
                    store.go_back(FAILURE)
                store.fail(A.number, FAILURE)
            store.take(A.number)
            self.assertEqual((store.rollout.current, store.rollout.previous), (A.number, None))
            self.assertEqual(store.rollout.subject, A.number)
            self.assertEqual(self.files(), {f"{A.number}.json", "rollout.json", "lock"})

        # The file of B is removed at the end.
        self.assertEqual(self.killed_everywhere(scenario, check), 2 * 3 + 3 + 2 + 4 * 3 + 2)

    def test_kill_of_the_head_while_it_starts_again_counts_each_start_once(self) -> None:
        def scenario() -> None:
            self.deliver(B)
            WorkloadStore(self.folder).take(A.number)
            WorkloadStore(self.folder)

        def check() -> None:
            before = self.folder.rollout().next
            following = self.restarted().rollout.next
            attempts = following.attempts if following is not None else 0
            self.assertEqual(attempts, before.attempts + 1 if before is not None else 0)

        self.assertEqual(self.killed_everywhere(scenario, check), 2 * 3 + 3 + 2 + 3)


if __name__ == "__main__":
    unittest.main()
