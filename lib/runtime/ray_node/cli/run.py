"""`ray_node run -- PROGRAM`: a program with the variables of this node, as the engine on it has them."""

import os
import sys
from collections.abc import Mapping, Sequence

from ray_node.agent import state
from ray_node.agent.workload_folder import Unreadable, WorkloadFolder
from ray_node.cli import status
from ray_node.cluster import environment
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import address
from ray_node.host.failure import NodeFailed

#: As a shell names them.
_NOT_FOUND = 127
_NOT_STARTED = 126


def run(config: NodeConfig, argv: Sequence[str]) -> int:
    """Becomes the program, so its exit code is the program's. Returns only if it cannot be started."""
    try:
        variables = of_node(config)
    except NodeFailed as failure:
        print(f"the variables of this node cannot be found: {failure}", file=sys.stderr)
        return 1
    sys.stdout.flush()
    try:
        os.execvpe(argv[0], list(argv), dict(variables))
    except FileNotFoundError:
        print(f"{argv[0]}: no such program in this container", file=sys.stderr)
        return _NOT_FOUND
    except OSError as error:
        print(f"{argv[0]}: {error.strerror or error}", file=sys.stderr)
        return _NOT_STARTED


def of_node(config: NodeConfig, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process of the engine sees on this node, without its secrets. Raises NodeFailed."""
    own = address.own_address(config.node.address, config.subnet, address.local_addresses())
    ray = environment.build(config, own, base).ray
    return environment.of_engine(ray, current(config), config.gcs_address)


def current(config: NodeConfig) -> Workload:
    """What this node runs, as far as it knows. Raises NodeFailed when its own name cannot be found."""
    own = config.workload or workload.nothing(config.cluster)
    folder = WorkloadFolder(config.paths.state, config.cluster)
    try:
        if config.is_head:
            number = folder.rollout().current
        else:
            found = state.read(state.path_of(config.paths.state, status.node_name(config))) or {}
            number = found.get("workload")
        return own if number is None else folder.workload(number).workload
    except (Unreadable, ConfigError):
        return own
