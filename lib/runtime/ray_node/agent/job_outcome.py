"""Records on disk that a job has succeeded: a restarted head must not run it again."""

import hashlib
import json
import os
from typing import Any

from ray_node.agent import state
from ray_node.config.schema import NodeConfig

_FILE = "job-outcome.json"


def path_of(config: NodeConfig) -> str:
    return os.path.join(config.paths.state, _FILE)


def fingerprint(config: NodeConfig) -> str:
    """What tells jobs apart: the command and the files it reads."""
    engine = config.engine
    said = [list(engine.argv), [[item.path, item.text] for item in engine.texts]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def write(config: NodeConfig, job: dict[str, Any]) -> None:
    """Raises OSError."""
    state.write_atomically(path_of(config), {"fingerprint": fingerprint(config), "job": job})


def read(config: NodeConfig) -> dict[str, Any] | None:
    """The record of exactly this job, `None` when there is none."""
    try:
        with open(path_of(config), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("fingerprint") != fingerprint(config):
        return None
    job = found.get("job")
    return job if isinstance(job, dict) and job.get("exitCode") == 0 else None
