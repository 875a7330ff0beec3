"""Whether a head lives, by its state file: by the machine's uptime that it names, else by what changes in it.

The wall clock may be set at any time, and is never compared.
"""

from typing import Any

from ray_node.agent import state
from ray_node.host import clock


class Beat:
    """`look` at each content of the file."""

    def __init__(self) -> None:
        self._last: object = None
        self._has_looked = False
        self._has_changed = False
        self._made_at = self._changed_at = clock.monotonic()

    def look(self, found: dict[str, Any] | None) -> bool:
        """Whether it was the first content."""
        if found is None:
            return False
        beat = (found.get("heartbeat"), found.get("beatUptime"))
        is_first, self._has_looked = not self._has_looked, True
        now, ticked = clock.monotonic(), found.get("beatUptime")
        if isinstance(ticked, int | float) and self._made_at < ticked <= now:
            # Of this machine, and later than this was made.
            self._last, self._has_changed, self._changed_at = beat, True, float(ticked)
        elif beat != self._last:
            self._last = beat
            self._changed_at = now if not is_first else self._changed_at
            self._has_changed = not is_first
        return is_first

    @property
    def silent_seconds(self) -> float:
        """Since the last change, or since this was made."""
        return clock.monotonic() - self._changed_at

    @property
    def is_alive(self) -> bool:
        return self._has_changed and self.silent_seconds <= state.STALE_SECONDS
