"""The head's workloads: it takes what was delivered and records each step of a rollout before the next one.

Every method that changes something writes once, durably; a head that is killed anywhere goes on from there.
"""

from enum import Enum

from ray_node.agent import rollout
from ray_node.agent.rollout import Rollout, RolloutFailure, RolloutPhase
from ray_node.agent.workload_folder import Damaged, Unreadable, WorkloadFolder
from ray_node.config.config_error import ConfigError
from ray_node.config.workload import NumberedWorkload
from ray_node.host import log
from ray_node.host.failure import NodeFailed


class Taken(Enum):
    """What became of a delivery."""

    NEXT = "its rollout begins"
    CURRENT = "it is the current workload already"
    REFUSED = "it cannot be used"


class WorkloadStore:
    """Only the head's loop has one. `rollout` is what is on disk."""

    def __init__(self, folder: WorkloadFolder) -> None:
        """Goes on with what an earlier life of the head has left. Raises NodeFailed."""
        self._folder = folder
        self._must_prune = True
        #: Their content never changes.
        self._read: dict[str, NumberedWorkload] = {}
        #: What the disk has lost, for people; `None`: nothing.
        self.lost: str | None = None
        try:
            self.rollout = self._recorded()
            self._resume()
            self._replace_lost()
        except (OSError, Unreadable) as error:
            raise NodeFailed(f"what this cluster runs is not known: {error}") from error

    def workload(self, number: str) -> NumberedWorkload:
        """Raises ConfigError. May be called by any thread."""
        found = self._read.get(number)
        if found is None:
            found = self._folder.workload(number)
            kept = {known: read for known, read in self._read.items() if known in self.rollout.kept}
            self._read = {**kept, number: found}
        return found

    def take(self, serving: str | None) -> Taken | None:
        """Look for a delivery, unless a rollout is in progress. `serving`: what serves now.

        `None`: there is none, or somebody is just delivering.
        """
        if self.rollout.next is not None and not self._must_prune:
            return None
        with self._folder.lock() as free:
            if not free:
                return None
            self._tidy()
            return self._take(serving) if self.rollout.next is None else None

    def advance(self, phase: RolloutPhase) -> None:
        self._put(self.rollout.advanced(phase))

    def again(self) -> None:
        """One more attempt to start the next workload is about to begin."""
        self._put(self.rollout.again())

    def go_back(self, failure: RolloutFailure) -> None:
        """The next workload has failed; `fail` follows once it is known whether the current one serves."""
        self._put(self.rollout.going_back(failure))

    def accept(self, text: str) -> None:
        """A completion of the subject has come back."""
        self._put(self.rollout.accepted(text))
        self._must_prune = True

    def fail(self, serving: str | None, failure: RolloutFailure | None = None) -> None:
        """The verdict on the next workload. `failure`: if the head has not gone back."""
        self._put(self.rollout.failed(serving, failure))
        self._must_prune = True

    def _take(self, serving: str | None) -> Taken | None:
        try:
            request = self._folder.request()
        except Unreadable as error:
            # It names no workload that a verdict could be about.
            log.line(f"a delivery is ignored: {error}")
            self._folder.remove_request()
            return Taken.REFUSED
        if request is None:
            return None
        number, taken = request.number, Taken.NEXT
        if number == self.rollout.current:
            taken = Taken.CURRENT
        try:
            self._folder.workload(number)
            self._put(self.rollout.taken(number, request.holder))
        except ConfigError as error:
            self._put(self.rollout.refused(number, str(error), serving))
            taken, self._must_prune = Taken.REFUSED, True
        self._folder.remove_request()
        return taken

    def _recorded(self) -> Rollout:
        """An empty one in place of one that is damaged: nobody could deliver otherwise."""
        try:
            return self._folder.rollout()
        except Damaged as error:
            self.lost = f"the record of the workloads is lost: {error}; waiting for a delivery"
            self._folder.set_rollout_aside()
            return Rollout()

    def _replace_lost(self) -> None:
        """What is to run now must be there. A next one that is lost has failed already (`_resume`)."""
        current = self.rollout.current
        if current is None or (reason := self._unusable(current)) is None:
            return
        previous = self.rollout.previous
        has_previous = previous is not None and self._unusable(previous) is None
        self._put(self.rollout.lost(reason, has_previous))
        if self.rollout.verdict is not None:
            self.lost = self.rollout.verdict.text

    def _unusable(self, number: str) -> str | None:
        try:
            self.workload(number)
        except ConfigError as error:
            return f"its file {'; '.join(error.problems)}"
        return None

    def _resume(self) -> None:
        following = self.rollout.next
        if following is None or following.phase == rollout.RETURNING:
            return
        try:
            limit = self.workload(following.number).workload.retries.engine_starts
        except ConfigError as error:
            self._end(RolloutFailure(str(error), None))
            return
        if following.attempts >= limit:
            times = f"the head has ended during the rollout, attempt {following.attempts} of {limit}"
            self._end(RolloutFailure(times, None))
        else:
            self.again()

    def _end(self, failure: RolloutFailure) -> None:
        if self.rollout.can_go_back:
            self.go_back(failure)
        else:
            self.fail(None, failure)

    def _tidy(self) -> None:
        """What a killed head has not done any more; and workloads that are not needed."""
        if not self._must_prune:
            return
        following = self.rollout.next
        try:
            request = self._folder.request()
        except Unreadable:
            request = None
        if request is not None and following is not None and request.number == following.number:
            self._folder.remove_request()
            request = None
        self._folder.prune(self.rollout.kept | ({request.number} if request is not None else set()))
        self._must_prune = False

    def _put(self, changed: Rollout) -> None:
        self._folder.put_rollout(changed)
        self.rollout = changed
