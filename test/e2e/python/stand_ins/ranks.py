"""What the API knows of the engine's ranks, whoever runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class RanksLost(Exception):
    """A rank is gone: this engine will not serve again. The text says which and why."""


@dataclass(frozen=True)
class Rank:
    """What a rank said of itself in answer to one request."""

    rank: int
    node: str
    address: str
    #: Accelerator that it holds, as Ray numbers it; '' where nobody has given it one.
    device: str
    pid: int
    environment: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return dict(self.__dict__)


class Ranks(Protocol):
    """All ranks of a running engine."""

    def ask(self) -> list[Rank]:
        """One reply of every rank, in order. Raises RanksLost."""

    @property
    def lost(self) -> str | None:
        """Why the engine is dead, `None` while it is not known to be."""

    def close(self) -> None:
        """End them."""


def sentence(found: list[Rank], wanted: int) -> str:
    """`4 of 4 ranks: gpu-0 (10.0.0.2) 0,1; gpu-1 (10.0.0.3) 2,3`, made of nothing but replies."""
    nodes: dict[tuple[str, str], list[int]] = {}
    for rank in found:
        nodes.setdefault((rank.node, rank.address), []).append(rank.rank)
    parts = [
        f"{node} ({address}) {','.join(str(number) for number in numbers)}"
        for (node, address), numbers in nodes.items()
    ]
    return f"{len(found)} of {wanted} ranks: " + "; ".join(parts)
