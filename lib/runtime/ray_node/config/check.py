"""Values of `node.json` that are each well-formed and do not fit together."""

import ipaddress

from ray_node.config.schema import NodeConfig


def contradictions(config: NodeConfig) -> list[str]:
    """One line for each, empty when all is well."""
    try:
        network = ipaddress.IPv4Network(config.subnet)
    except ValueError as error:
        return [f"subnet: must be an IPv4 network in CIDR form, got '{config.subnet}' ({error})"]
    problems = [
        problem
        for path, address in _addresses(config)
        if (problem := _not_on(network, path, address)) is not None
    ]
    head, own = config.head.address, config.node.address
    if config.is_head and own is not None and own != head and not problems:
        problems.append(f"node.address: must be head.address '{head}' on the head, got '{own}'")
    if config.node.pool not in [pool.name for pool in config.pools]:
        problems.append(f"node.pool: must be the name of a pool, got '{config.node.pool}'")
    for index, pool in enumerate(config.pools):
        if pool.addresses is not None and len(pool.addresses) != pool.nodes:
            problems.append(
                f"pools[{index}].addresses: must hold {pool.nodes}, one a node, got {len(pool.addresses)}"
            )
        if pool.accelerators > 0 and pool.resource is None:
            problems.append(f"pools[{index}].resource: must be text in a pool with accelerators, got None")
    problems += _follower_problems(config)
    first, last = config.ports.workers_from, config.ports.workers_to
    if first > last:
        problems.append(f"ports.workersTo: must be at least workersFrom {first}, got {last}")
    return problems


def _follower_problems(config: NodeConfig) -> list[str]:
    """The engine's process on the head is rank 0; it needs accelerators as every other rank."""
    if config.engine.follower is None:
        return []
    head = config.head.address
    pools = [
        pool.name
        for pool in config.pools
        if (config.is_head and pool.name == config.node.pool) or head in (pool.addresses or ())
        if pool.accelerators == 0
    ]
    return [
        f"engine.follower: must be null as the head's pool '{pool}' has no accelerators: the head is rank 0"
        for pool in pools
    ]


def _addresses(config: NodeConfig) -> list[tuple[str, str]]:
    found = [("head.address", config.head.address)]
    if config.node.address is not None:
        found.append(("node.address", config.node.address))
    for index, pool in enumerate(config.pools):
        for position, address in enumerate(pool.addresses or ()):
            found.append((f"pools[{index}].addresses[{position}]", address))
    return found


def _not_on(network: ipaddress.IPv4Network, path: str, address: str) -> str | None:
    try:
        if ipaddress.IPv4Address(address) in network:
            return None
    except ValueError:
        return f"{path}: must be an IPv4 address, got '{address}'"
    return f"{path}: must be on {network}, got '{address}'"
