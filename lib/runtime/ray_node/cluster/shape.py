"""Which nodes take part: those of the shape that runs, and of the one that comes next. Pure."""

from collections.abc import Sequence

from ray_node.cluster import membership
from ray_node.cluster.membership import Assessment
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Pool

_MOST_SETS = 64
_sets: dict[int, tuple[tuple[str, ...], frozenset[str]]] = {}


def unwanted(
    config: NodeConfig, shapes: Sequence[Sequence[Pool]], name: str, address: str, found: Assessment
) -> str | None:
    """Why the node has to leave; `None`: it takes part, or may still have to.

    `shapes`: one is enough. `found`: the members as they are.
    """
    if address == config.head.address:
        return None
    reasons = [_unwanted(config, pools, name, address, found) for pools in shapes]
    return next((reason for reason in reasons if reason is not None), None) if all(reasons) else None


def _known(addresses: tuple[str, ...]) -> frozenset[str]:
    """Asked for each report: of the pools that there are, none is searched from its beginning."""
    found = _sets.get(id(addresses))
    if found is None or found[0] is not addresses:
        # By identity: the addresses of 1,024 nodes are not compared each time, either.
        found = _sets[id(addresses)] = (addresses, frozenset(addresses))
        for oldest in list(_sets)[:-_MOST_SETS]:
            del _sets[oldest]
    return found[1]


def _unwanted(
    config: NodeConfig, pools: Sequence[Pool], name: str, address: str, found: Assessment
) -> str | None:
    if any(address in _known(pool.addresses) for pool in pools if pool.addresses is not None):
        return None
    own = membership.pool_of(name, address, config, [pool for pool in pools if pool.addresses is None])
    pool = next((pool for pool in pools if pool.name == own), None)
    if pool is None:
        return "it is not in the shape of the cluster"
    # Who is a member stays one: another one is wanted once there is room.
    good = [member.address for member in found.members if member.ok and member.pool == pool.name]
    if len(good) < pool.nodes or address in good[: pool.nodes]:
        return None
    return f"pool '{pool.name}' has its {pool.nodes} nodes: {', '.join(map(str, good[: pool.nodes]))}"
