"""`ray_node collect`: what helps to find a failure here, for the archive of `cdktf-ray-cluster doctor`.

One JSON object in each line: `{"name": ..., "text": ...}`. No secret of the cluster leaves the node.
"""

import contextlib
import glob
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator

from ray_node.agent import state
from ray_node.cli import run as run_command
from ray_node.cli import status
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.engine import api
from ray_node.hardware import finding
from ray_node.host import log, tool
from ray_node.host.failure import NodeFailed
from ray_node.staging.request import HubSource, IndexSource

#: Of each file its end, which has the failure.
_FILE_BYTES = 256 << 10
_RAY_LOG_BYTES = 64 << 10
#: Ray writes a file for each worker process; the newest tell most.
_RAY_LOGS = 40
_TOOL_SECONDS = 20.0
_RAY_LOG_PATTERN = "/tmp/ray/session_latest/logs/*"
_MACHINE = ("/etc/os-release", "/proc/loadavg", "/proc/meminfo", "/proc/mounts", "/proc/version")
_TOOLS = (("nvidia-smi",), ("npu-smi", "info"), ("df", "-h"), ("ps", "-eo", "pid,ppid,etime,rss,comm"))


def run(config: NodeConfig) -> int:
    """Prints everything that can be read; what cannot is not a failure. Returns 0."""
    hide_secrets(config)
    for name, text in _found(config):
        sys.stdout.write(json.dumps({"name": name, "text": log.redact(text)}) + "\n")
    sys.stdout.flush()
    return 0


def hide_secrets(config: NodeConfig) -> None:
    """Of everything that is printed from now on: the token, and each secret whose file the workload names."""
    files = [config.paths.token]
    with contextlib.suppress(NodeFailed):
        files += _secret_files(run_command.current(config))
    for path in files:
        try:
            lines = api.read_lines(path)
        except (OSError, ValueError):
            continue
        for line in lines:
            # As it stands inside a JSON text.
            log.hide(json.dumps(line)[1:-1])


def _secret_files(workload: Workload) -> Iterator[str]:
    engine = workload.engine
    yield from engine.secrets.values()
    if engine.api is not None and engine.api.api_key_file is not None:
        yield engine.api.api_key_file
    for model in workload.staging.models if workload.staging else ():
        source = model.source
        if isinstance(source, HubSource) and source.token_file is not None:
            yield source.token_file
        if isinstance(source, IndexSource):
            yield source.index


def _found(config: NodeConfig) -> Iterator[tuple[str, str]]:
    kept = config.paths.state
    try:
        yield from _file("state.json", state.path_of(kept, status.node_name(config)))
    except NodeFailed as failure:
        yield "state.txt", str(failure)
    if config.is_head:
        yield from _file("preflight.json", os.path.join(kept, finding.REPORT_FILE))
        yield from _file("job-outcome.json", os.path.join(kept, "job-outcome.json"))
        yield from _file("rollout.json", os.path.join(kept, "workloads", "rollout.json"))
    for path in _newest(os.path.join(os.path.dirname(config.paths.engine_log), "*.log*")):
        yield from _file(f"engine/{os.path.basename(path)}", path)
    for path in _newest(_RAY_LOG_PATTERN)[:_RAY_LOGS]:
        yield from _file(f"ray/{os.path.basename(path)}", path, _RAY_LOG_BYTES)
    for path in _MACHINE:
        yield from _file(f"machine{path.replace('/', '-')}", path)
    for argv in _TOOLS:
        answer = tool.ask(argv, _TOOL_SECONDS)
        if answer.code != tool.NOT_STARTED:
            yield f"machine/{argv[0]}.txt", answer.text
    yield "packages.txt", _packages()
    yield from _ray_status(config)


def _ray_status(config: NodeConfig) -> Iterator[tuple[str, str]]:
    try:
        variables = run_command.of_node(config)
    except NodeFailed as failure:
        yield "ray-status.txt", str(failure)
        return
    command = (sys.executable, "-m", "ray.scripts.scripts", "status")
    yield "ray-status.txt", tool.ask(command, _TOOL_SECONDS, variables).text


def _file(name: str, path: str, size: int = _FILE_BYTES) -> Iterator[tuple[str, str]]:
    """The end of a file that can be read and holds something."""
    try:
        with open(path, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            file.seek(max(0, length - size))
            # Files of /proc have no length.
            content = file.read(size)
    except OSError:
        return
    if content:
        cut = f"[the last {size} of {length} bytes]\n" if length > size else ""
        yield name, cut + content.decode(errors="replace")


def _newest(pattern: str) -> list[str]:
    paths = [path for path in glob.glob(pattern) if os.path.isfile(path) and os.path.getsize(path) > 0]
    return sorted(paths, key=os.path.getmtime, reverse=True)


def _packages() -> str:
    found = {f"{package.name}=={package.version}" for package in importlib.metadata.distributions()}
    return "\n".join(sorted(found, key=str.lower)) + "\n"
