"""Reads `node.json`."""

import json

from ray_node.channel import plain
from ray_node.config.schema import NodeConfig

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
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        problem = f"schema: must be {SCHEMA}, the only one this node program reads, got {schema!r}"
        raise ConfigError(source, [problem])
    try:
        return plain.decode(NodeConfig, value, maximum_text=None)
    except plain.NotPlain as error:
        raise ConfigError(source, error.problems) from error
