"""A node's last report as the head holds it."""

from dataclasses import dataclass

from ray_node.channel.report import NodeReport


@dataclass(frozen=True)
class HeardReport:
    """Ages and the difference of the clocks are seconds."""

    report: NodeReport
    age_seconds: float
    skew_seconds: float
    #: The last reason the node gave for a failure of its own, and how long ago.
    failure: str | None = None
    failure_age_seconds: float = 0.0
