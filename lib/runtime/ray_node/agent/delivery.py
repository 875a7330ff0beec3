"""Brings a workload to the head whose state folder is mounted here."""

from ray_node.agent.workload_folder import Request, Unreadable, WorkloadFolder
from ray_node.config.workload import NumberedWorkload
from ray_node.host import clock, log

#: A head that lives takes a request within a second.
_UNTAKEN_SECONDS = 30.0
#: The lock is held for a few writes.
_LOCK_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Refused(Exception):
    """The head has something else to do; the text says what, since when and for whom."""


def deliver(folder: WorkloadFolder, given: NumberedWorkload, holder: str) -> None:
    """Ask for the workload, or join the one who asked for the same. Raises Refused and OSError.

    `holder`: who asks, for people. A request that no head has taken for 30 s is replaced.
    """
    deadline = clock.Deadline(_LOCK_SECONDS)
    while True:
        with folder.lock() as free:
            if free:
                _deliver(folder, given, holder)
                return
        if deadline.passed:
            raise Refused(f"{folder.path} has been locked by another process for {deadline.seconds:.0f} s")
        clock.sleep(_POLL_SECONDS)


def _deliver(folder: WorkloadFolder, given: NumberedWorkload, holder: str) -> None:
    try:
        following, pending = folder.rollout().next, _pending(folder)
    except Unreadable as error:
        raise Refused(f"what this cluster runs is not known: {error}") from error
    if following is not None and following.number != given.number:
        raise Refused(str(following))
    if following is not None:
        return
    if pending is not None and pending.number != given.number:
        raise Refused(f"{pending.number} has been delivered at {pending.at} by {pending.holder}")
    folder.put_workload(given.content)
    folder.put_request(Request(given.number, holder, clock.stamp()))


def _pending(folder: WorkloadFolder) -> Request | None:
    """A request that a head may still take."""
    try:
        found = folder.request()
    except Unreadable as error:
        log.line(f"replacing a request: {error}")
        return None
    asked = clock.epoch(found.at) if found is not None else None
    return found if asked is not None and abs(clock.wall() - asked) < _UNTAKEN_SECONDS else None
