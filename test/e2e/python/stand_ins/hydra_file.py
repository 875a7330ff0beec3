"""As much of Hydra as `RollPipeline` needs: defaults, search path, and one configuration over the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import yaml  # type: ignore[import-untyped]  # comes with Ray


def compose(folder: Path, name: str) -> dict[str, Any]:
    """The configuration `name` in `folder`, its defaults below it. Raises FileNotFoundError."""
    own = _read([folder], name)
    paths = [folder, *(Path(urlparse(path).path) for path in own.pop("hydra", {}).get("searchpath", []))]
    result: dict[str, Any] = {}
    for default in own.pop("defaults", ["_self_"]):
        result = _over(result, own if default == "_self_" else _without_hydra(_read(paths, str(default))))
    return result


def _read(folders: list[Path], name: str) -> dict[str, Any]:
    for folder in folders:
        file = folder / f"{name}.yaml"
        if file.is_file():
            content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
            return content
    raise FileNotFoundError(f"no {name}.yaml in {', '.join(str(folder) for folder in folders)}")


def _without_hydra(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in ("defaults", "hydra")}


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Groups are joined, everything else of `above` wins."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
