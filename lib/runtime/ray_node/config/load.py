"""Reads and checks `node.json`. The contract is `lib/runtime/node-config/node-config.ts`."""

import json

from ray_node.channel import plain
from ray_node.config.check import contradictions
from ray_node.config.schema import Accelerators, NodeConfig, Pool

__all__ = ["DEFAULT_PATH", "Accelerators", "ConfigError", "NodeConfig", "Pool", "load", "parse"]

DEFAULT_PATH = "/etc/ray-cluster/node.json"
SCHEMA = 1


class ConfigError(Exception):
    """The configuration cannot be used. `problems` lists everything that is wrong with it."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"cannot use {source}: {len(problems)} {noun}\n{lines}")


def load(path: str) -> NodeConfig:
    """Read the file at `path`. Raises ConfigError with every problem it has."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror or error}"]) from error
    except ValueError as error:
        raise ConfigError(path, [f"is not JSON: {error}"]) from error
    return parse(value, path)


def parse(value: object, source: str = DEFAULT_PATH) -> NodeConfig:
    """Check and convert parsed JSON. Raises ConfigError with every problem it has."""
    if not isinstance(value, dict):
        raise ConfigError(source, ["the file: must be an object"])
    schema = value.get("schema")
    if schema != SCHEMA:
        raise ConfigError(
            source, [f"schema: must be {SCHEMA}, the only one this node program reads, got {schema!r}"]
        )
    try:
        config = plain.decode(NodeConfig, value, maximum_text=None)
    except plain.NotPlain as error:
        raise ConfigError(source, error.problems) from error
    problems = contradictions(config)
    if problems:
        raise ConfigError(source, problems)
    return config
