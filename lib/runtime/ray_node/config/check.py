"""Values of `node.json` that are each well-formed but do not fit together."""

import ipaddress

from ray_node.config.schema import NONE, SERVE, NodeConfig
from ray_node.staging.request import IndexSource


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
                f"pools[{index}].addresses: must hold {pool.nodes}, one per node, got {len(pool.addresses)}"
            )
        if pool.accelerators > 0 and pool.resource is None:
            problems.append(f"pools[{index}].resource: must be set in a pool with accelerators, got None")
    problems += _engine_problems(config) + _staging_problems(config)
    first, last = config.ports.workers_from, config.ports.workers_to
    if first > last:
        problems.append(f"ports.workersTo: must be at least workersFrom {first}, got {last}")
    return problems


def _engine_problems(config: NodeConfig) -> list[str]:
    engine, serves = config.engine, config.engine.kind == SERVE
    problems = []
    if engine.kind != NONE and not engine.argv:
        problems.append("engine.argv: must be a command with at least one word, got []")
    if engine.kind == NONE and engine.argv:
        problems.append(f"engine.argv: must be empty if kind is 'none', got {list(engine.argv)}")
    if serves and engine.api is None:
        problems.append("engine.api: must be an object if kind is 'serve', got None")
    # The ends of a job's followers could not be told from the job's own.
    for key, part in (("api", engine.api), ("follower", engine.follower)):
        if part is not None and not serves:
            problems.append(f"engine.{key}: must be null unless kind is 'serve', got an object")
    if engine.follower is None or problems:
        return problems
    # The engine's process on the head is rank 0; it needs accelerators as every other rank does.
    head = config.head.address
    return [
        f"engine.follower: must be null as the head's pool '{pool.name}' has no accelerators for rank 0"
        for pool in config.pools
        if (config.is_head and pool.name == config.node.pool) or head in (pool.addresses or ())
        if pool.accelerators == 0
    ]


def _staging_problems(config: NodeConfig) -> list[str]:
    """node.json is in Terraform's state and readable in the container."""
    source = config.staging.source if config.staging is not None else None
    if isinstance(source, IndexSource) and "X-Amz-Signature" in source.index:
        return ["staging.source.index: must be a file path or an unsigned URL, got a presigned URL"]
    return []


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
