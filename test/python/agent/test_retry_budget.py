import unittest

from ray_node.agent.retry_budget import RetryBudget
from ray_node.host.failure import BudgetSpent, Culprit, EngineFailed, MembershipLost

FAILED = EngineFailed("the engine exited with code 7", Culprit("npu-0", None, "x"), ["last words"])
LOST = MembershipLost("npu-1 left")


class RetryBudgetTest(unittest.TestCase):
    def spent(self, budget: RetryBudget, was_broken: bool = False) -> str | None:
        try:
            budget.settle(was_broken)
        except BudgetSpent as error:
            self.assertEqual(error.culprit, FAILED.culprit if error.log_lines else None)
            return error.reason
        return None

    def test_engine_that_keeps_failing_spends_the_budget(self) -> None:
        budget = RetryBudget(2, is_job=False)
        self.assertIsNone(self.spent(budget))
        budget.failed(FAILED, had_proven=False)
        self.assertIsNone(self.spent(budget))
        self.assertIsNone(self.spent(budget), "a failure counts once")
        budget.failed(FAILED, had_proven=False)
        self.assertEqual(self.spent(budget), "the engine exited with code 7 (2 times in a row)")

    def test_failure_that_is_final_spends_the_budget_at_once(self) -> None:
        budget = RetryBudget(3, is_job=False)
        budget.failed(
            EngineFailed("refused", FAILED.culprit, ["last words"], is_final=True), had_proven=False
        )
        self.assertEqual(self.spent(budget), "refused")

    def test_failure_explained_by_a_lost_member_is_not_counted(self) -> None:
        budget = RetryBudget(1, is_job=False)
        budget.failed(FAILED, had_proven=False)
        self.assertIsNone(self.spent(budget, was_broken=True))
        budget.lost(LOST, was_running=True)
        self.assertIsNone(self.spent(budget))

    def test_failure_after_a_proven_start_resets_the_count(self) -> None:
        budget = RetryBudget(2, is_job=False)
        budget.failed(FAILED, had_proven=False)
        self.spent(budget)
        budget.failed(FAILED, had_proven=True)
        self.assertIsNone(self.spent(budget))
        budget.failed(FAILED, had_proven=False)
        self.assertIsNotNone(self.spent(budget))

    def test_job_counts_every_run(self) -> None:
        budget = RetryBudget(3, is_job=True)
        budget.lost(LOST, was_running=False)
        self.assertIsNone(self.spent(budget, was_broken=True), "it did not run")
        budget.lost(LOST, was_running=True)
        self.assertIsNone(self.spent(budget, was_broken=True))
        budget.failed(FAILED, had_proven=False)
        self.assertIsNone(self.spent(budget))
        budget.lost(LOST, was_running=True)
        self.assertEqual(self.spent(budget, was_broken=True), "npu-1 left (3 times in a row)")

    def test_budget_of_one_start_is_spent_by_the_first_failure(self) -> None:
        budget = RetryBudget(1, is_job=True)
        budget.failed(FAILED, had_proven=False)
        self.assertEqual(self.spent(budget), "the engine exited with code 7")

    def test_renewed_budget_forgets_earlier_failures(self) -> None:
        budget = RetryBudget(2, is_job=False)
        budget.failed(FAILED, had_proven=False)
        self.spent(budget)
        budget.renew()
        budget.failed(FAILED, had_proven=False)
        self.assertIsNone(self.spent(budget))


if __name__ == "__main__":
    unittest.main()
