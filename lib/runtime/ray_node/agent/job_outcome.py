"""Records on disk that a job has succeeded: a restarted head must not run it again."""

import hashlib
import json
import os
from typing import Any

from ray_node.agent import state
from ray_node.config.engine_config import Engine
from ray_node.host import json_input

_FILE = "job-outcome.json"


def path_of(folder: str) -> str:
    return os.path.join(folder, _FILE)


def fingerprint(engine: Engine) -> str:
    """What tells jobs apart: the command and the files it reads."""
    said = [list(engine.argv), [[item.path, item.text] for item in engine.texts]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def write(folder: str, engine: Engine, job: dict[str, Any]) -> None:
    """Raises OSError."""
    state.write_atomically(path_of(folder), {"fingerprint": fingerprint(engine), "job": job})


def read(folder: str, engine: Engine) -> dict[str, Any] | None:
    """The record of exactly this job, `None` when there is none."""
    try:
        found = json_input.read_file(path_of(folder))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("fingerprint") != fingerprint(engine):
        return None
    job = found.get("job")
    return job if isinstance(job, dict) and job.get("exitCode") == 0 else None
