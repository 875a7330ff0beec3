"""Whether the image holds what the engine and staging need: checked before Ray starts."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder

from ray_node.config.engine_config import Requirements
from ray_node.config.workload import Workload
from ray_node.staging.failure import PackageMissing
from ray_node.staging.request import HubSource


def problem(workload: Workload, is_head: bool, environment: Mapping[str, str]) -> str | None:
    """What is missing, in one sentence. `environment` is the one that the engine gets."""
    for model in workload.staging.models if is_head and workload.staging else ():
        source = model.source
        if isinstance(source, HubSource) and _top_level(source.python_package) is None:
            return str(PackageMissing.of(source.python_package))
    return lacking(workload.engine.name, workload.engine.requires, environment)


def lacking(engine: str, wanted: Requirements, environment: Mapping[str, str]) -> str | None:
    """What this node's image does not hold of what the engine needs, in one sentence."""
    search = environment.get("PATH", os.defpath)
    modules = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    absent = [
        *(f"program '{name}'" for name in wanted.programs if shutil.which(name, path=search) is None),
        *(f"Python module '{name}'" for name in wanted.python_modules if not _is_module(name, modules)),
        *(f"path {path}" for path in wanted.paths if not os.path.exists(path)),
    ]
    if not absent:
        return None
    return f"this node's image lacks what the engine '{engine}' needs: {', '.join(absent)}"


def _is_module(name: str, engine_path: list[str]) -> bool:
    """Looks only: importing an engine takes half a minute, and `find_spec("a.b")` would import `a`."""
    top, *below = name.split(".")
    spec = _top_level(top) or PathFinder.find_spec(top, engine_path)
    full = top
    for part in below:
        if spec is None:
            return False
        full = f"{full}.{part}"
        spec = PathFinder.find_spec(full, list(spec.submodule_search_locations or []))
    return spec is not None


def _top_level(name: str) -> ModuleSpec | None:
    """Asks every finder of this Python: engines are often installed as links to their source."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
