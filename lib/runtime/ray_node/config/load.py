"""Reads `node.json`."""

from ray_node.channel import plain
from ray_node.config import node_v1
from ray_node.config.config_error import ConfigError
from ray_node.config.node_v1 import NodeConfigV1
from ray_node.config.schema import NodeConfig
from ray_node.host import json_input
from ray_node.host.json_input import Malformed

DEFAULT_PATH = "/etc/ray-cluster/node.json"
SCHEMA = 2


def load(path: str) -> NodeConfig:
    """Read the file at `path`. Raises ConfigError with every problem it has."""
    try:
        value = json_input.read_file(path)
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror or error}"]) from error
    except Malformed as error:
        raise ConfigError(path, [str(error)]) from error
    return parse(value, path)


def parse(value: object, source: str = DEFAULT_PATH) -> NodeConfig:
    """Check and convert parsed JSON. Raises ConfigError with every problem it has."""
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema not in (node_v1.SCHEMA, SCHEMA):
        known = f"{node_v1.SCHEMA} or {SCHEMA}"
        raise ConfigError(source, [f"schema: must be {known}, got {schema!r}"])
    try:
        if schema == node_v1.SCHEMA:
            return node_v1.split(plain.decode(NodeConfigV1, value, maximum_text=None))
        return plain.decode(NodeConfig, value, maximum_text=None)
    except plain.NotPlain as error:
        raise ConfigError(source, error.problems) from error
