"""`ray_node preflight --verify-model`: reads the models on this node, and compares each with its manifest."""

import json
import os
from dataclasses import dataclass

from ray_node.agent import rollout_record
from ray_node.config.schema import NodeConfig
from ray_node.host import clock
from ray_node.staging.folder import ModelFolder
from ray_node.staging.progress import amount


def run(config: NodeConfig, as_json: bool) -> int:
    """Print what differs. Returns 0 when nothing does, 1 when something does, 2 without a manifest."""
    found = rollout_record.expected(config) if config.workload is None else None
    workload = config.workload or (found.workload if found is not None else None)
    if workload is None or workload.staging is None:
        return _say(as_json, 2, "no workload with a model is known on this node", [])
    found_all = [_verify(model.destination) for model in workload.staging.models]
    codes = {found.code for found in found_all}
    code = next((code for code in (1, 2) if code in codes), 0)
    text = "; ".join(found.text for found in found_all)
    return _say(as_json, code, text, [line for found in found_all for line in found.changed])


@dataclass(frozen=True)
class _Found:
    """What is said of one model; `code` as of `run`."""

    code: int
    text: str
    changed: tuple[str, ...] = ()


def _verify(path: str) -> _Found:
    folder = ModelFolder(path)
    manifest = folder.manifest()
    if manifest is None:
        return _Found(2, f"{path} has no manifest: the cluster has not brought the model here")
    began, missing = clock.monotonic(), folder.missing(manifest.files)
    changed = [f"{file.path} is missing, a link, or of another size" for file in missing]
    try:
        others = [file for file in manifest.files if file not in missing]
        changed += [f"{file.path} has other content" for file in folder.changed(others)]
    except OSError as error:
        changed.append(f"{error.filename} cannot be read: {error.strerror or error}")
    files, took = len(manifest.files), clock.monotonic() - began
    if not changed:
        text = f"{manifest.model} in {path} is what was staged: {files} files"
        return _Found(0, f"{text}, {amount(manifest.bytes)}, read in {took:.0f} s")
    fix = f"remove {os.path.join(folder.staging, 'manifest.json')} and restart the container: it is fetched"
    text = f"{len(changed)} of {files} files in {path} are not what was staged; {fix}"
    return _Found(1, text, tuple(changed))


def _say(as_json: bool, code: int, text: str, changed: list[str]) -> int:
    if as_json:
        print(json.dumps({"ok": code == 0, "text": text, "changed": changed}, indent=1))
    else:
        print("\n".join([text, *(f"  {line}" for line in changed)]))
    return code
