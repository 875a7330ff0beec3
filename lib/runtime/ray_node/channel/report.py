"""What nodes and head tell each other.

The channel works where Ray refuses a node, so the head can say why a node is missing.
"""

from dataclasses import dataclass

from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.channel.plain import Name, Reason
from ray_node.channel.tasks import Task, TaskResult
from ray_node.host.versions import Versions

PATH = "/v2/report"
#: Followed by a workload's number.
WORKLOAD_PATH = "/workload/"
INTERVAL_SECONDS = 2.0


@dataclass(frozen=True)
class Replaced:
    """Other models on the same disk, which the cluster itself has brought there."""

    folders: tuple[str, ...]
    #: Nothing uses them any more: they may go where the disk has no room for all.
    is_free: bool


@dataclass(frozen=True)
class Staged:
    """How far a node is with the model."""

    #: The head's attempt that this answers.
    attempt: int
    done: bool
    #: Stable name of the cause when it has failed.
    code: Name | None
    #: Progress, or why it has failed.
    text: Reason

    @property
    def settled(self) -> bool:
        return self.done or self.code is not None


@dataclass(frozen=True)
class NodeReport:
    """What a node says about itself."""

    cluster: Name
    name: Name
    pool: Name
    address: Name
    state: Name
    reason: Reason | None
    versions: Versions
    accelerators_found: int
    accelerators_planned: int
    #: Seconds since 1970 when it was sent.
    wall_clock: float
    #: `None`: the node has not been asked for the model, or there is none to stage.
    staged: Staged | None = None
    #: This node's process of the engine; `None`: it runs none.
    follower: FollowerReport | None = None
    #: Of the task that the head gave to this node.
    result: TaskResult | None = None


@dataclass(frozen=True)
class HeardReport:
    """A node's last report as the head holds it. Ages and the difference of the clocks are seconds."""

    report: NodeReport
    age_seconds: float
    skew_seconds: float
    #: The last reason the node gave for a failure of its own, and how long ago.
    failure: str | None = None
    failure_age_seconds: float = 0.0


@dataclass(frozen=True)
class HeadAnswer:
    """What the head answers to a report."""

    session: Name
    state: Name
    reason: Reason | None
    versions: Versions
    #: Whether Ray lists the node as ALIVE; `None`: the head does not know yet.
    alive: bool | None
    #: The head's verdict on the node.
    verdict: Reason
    #: Number of the workload that the head runs; `None`: it is in node.json, or there is none.
    workload: Name | None = None
    #: Number of the staging attempt that the node takes part in; `None`: none is under way.
    staging: int | None = None
    #: The workload whose model is staged; `None`: that of node.json.
    staged_workload: Name | None = None
    #: The model that it takes the place of.
    replaced: Replaced | None = None
    #: The process of the engine that the node is to run; `None`: none.
    run: RunDirective | None = None
    task: Task | None = None
    #: Why the node is not in the shape of the cluster and has to stop its Ray; `None`: it is.
    leave: Reason | None = None
