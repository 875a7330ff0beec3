"""How often in a row the engine may fail before the head gives up."""

from ray_node.host.failure import BudgetSpent, EngineFailed, MembershipLost


class RetryBudget:
    """What a lost member explains is forgiven to an engine that serves, not to a job."""

    def __init__(self, starts: int, is_job: bool) -> None:
        self._starts = starts
        self._is_job = is_job
        self._failures = 0
        self._pending: EngineFailed | MembershipLost | None = None

    def failed(self, trouble: EngineFailed, had_proven: bool) -> None:
        """The engine has failed. One that had served well for a while starts counting from zero."""
        if had_proven:
            self._failures = 0
        self._pending = trouble

    def lost(self, trouble: MembershipLost, was_running: bool) -> None:
        """A member was lost; `was_running`: while a job was under way."""
        if self._is_job and was_running:
            self._pending = trouble

    def settle(self, was_broken: bool) -> None:
        """The membership is whole again; `was_broken`: it had not been. Raises BudgetSpent."""
        pending, self._pending = self._pending, None
        if pending is None or (was_broken and not self._is_job):
            return
        self._failures += 1
        if self._failures >= self._starts or (isinstance(pending, EngineFailed) and pending.is_final):
            times = f" ({self._failures} times in a row)" if self._failures > 1 else ""
            raise BudgetSpent(f"{pending.reason}{times}", pending.culprit, pending.log_lines)

    def renew(self) -> None:
        self._failures = 0
        self._pending = None
