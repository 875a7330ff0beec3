"""Long work beside the agent's loop: begun, looked at in each pass, closed. It never blocks a pass."""

from typing import Generic, TypeVar

from ray_node.host import clock
from ray_node.host.failure import NodeFailed, Trouble
from ray_node.host.steps import Steps

T = TypeVar("T")


class Work(Generic[T]):
    """Begun by being made. What goes wrong is kept as `trouble`; only NodeFailed and bugs are raised."""

    def __init__(self, title: str, steps: Steps[T]) -> None:
        self.title = title
        self.done = False
        self.trouble: Trouble | None = None
        self._steps = steps
        self._due_at = clock.monotonic()
        self._result: list[T] = []

    def __repr__(self) -> str:
        state = "has failed" if self.trouble is not None else "is done" if self.done else "is under way"
        return f"{self.title} {state}"

    @property
    def over(self) -> bool:
        return self.done or self.trouble is not None

    @property
    def due_seconds(self) -> float | None:
        """When it wants to be looked at next; `None`: never again."""
        return None if self.over else max(0.0, self._due_at - clock.monotonic())

    @property
    def result(self) -> T:
        """Only of work that is done."""
        return self._result[0]

    def look(self) -> None:
        """Go on with it, if it is due. Raises NodeFailed."""
        if self.over or clock.monotonic() < self._due_at:
            return
        try:
            self._due_at = clock.monotonic() + next(self._steps)
        except StopIteration as end:
            self._result.append(end.value)
            self.done = True
        except NodeFailed:
            raise
        except Trouble as trouble:
            self.trouble = trouble

    def close(self) -> None:
        """End it where it is."""
        self._steps.close()
