"""From a phase and what was observed to the next step: the only place where a phase changes. Pure."""

from ray_node.agent import decide_cluster, decide_rollout, decide_worker, decide_workload, phases
from ray_node.agent.decide_cluster import ClusterObserved
from ray_node.agent.decide_rollout import RolloutObserved
from ray_node.agent.decide_worker import WorkerObserved
from ray_node.agent.decide_workload import WorkloadObserved
from ray_node.agent.phases import Phase, Step

Observed = ClusterObserved | WorkloadObserved | RolloutObserved | WorkerObserved


def decide(phase: Phase, seen: Observed) -> Step:
    """Raises UnlistedTransition, which is a bug."""
    if isinstance(seen, ClusterObserved):
        step = decide_cluster.decide(phase, seen)
    elif isinstance(seen, WorkloadObserved):
        step = decide_workload.decide(phase, seen)
    elif isinstance(seen, RolloutObserved):
        step = decide_rollout.decide(phase, seen)
    else:
        step = decide_worker.decide(phase, seen)
    return phases.checked(phase, step)


def shown(cluster: Phase, workload: Phase, stops: bool) -> Phase:
    """The phase whose word the head publishes for both tracks. `stops`: an engine has not ended yet."""
    forming = cluster is Phase.HOLDING and workload in (Phase.DEGRADED, Phase.RETRYING)
    broken_off = cluster is Phase.JOINED and workload is Phase.DEGRADED
    waits = workload is Phase.NONE and cluster in (Phase.STARTING, Phase.UNFORMED)
    if (
        cluster is Phase.ENDED
        or waits
        or workload is Phase.AWAITING
        or (not stops and (forming or broken_off))
    ):
        return cluster
    return workload
