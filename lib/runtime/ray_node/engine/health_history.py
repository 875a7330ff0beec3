"""What the health probes of an engine met, since when, and where the engine listens instead."""

from ray_node.host import clock, listening

_CLOSED = "nothing listens"
_SHOWN_SOCKETS = 6


class HealthHistory:
    """`pid` is the engine's process, `address` and `port` are where it should listen."""

    def __init__(self, pid: int, address: str, port: int) -> None:
        self._pid = pid
        self._wanted = f"{address}:{port}"
        self._problem = ""
        self._since = clock.monotonic()

    def note(self, problem: str | None) -> None:
        """The outcome of one probe: the end of a sentence, `None` when all was well."""
        # What follows the colon is the engine's own text and may differ each time.
        if problem is None or problem.partition(":")[0] != self._problem.partition(":")[0]:
            self._since = clock.monotonic()
        self._problem = problem or ""

    @property
    def problem(self) -> str:
        return self._problem

    def describe(self) -> str:
        """The last problem, for how long it has been so, and what the process's sockets tell of it."""
        held = f"for {clock.monotonic() - self._since:.0f} s"
        if not self._problem.startswith(_CLOSED):
            return f"{self._problem} ({held})"
        found = listening.of_group(self._pid)
        if not found:
            return f"{self._problem} ({held}; the engine's process is running but listens on no port)"
        where = ", ".join(found[:_SHOWN_SOCKETS])
        more = " and elsewhere" if len(found) > _SHOWN_SOCKETS else ""
        return (
            f"{self._problem} ({held}; the engine's process is running; it listens on {where}{more}, "
            f"not on {self._wanted})"
        )
