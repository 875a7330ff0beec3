"""Keys of ROLL's configuration, and the variables by which its nodes find each other.

ROLL reads a configuration into dataclasses and ignores keys that none of them has: a mistyped key does
nothing.
"""

from __future__ import annotations

import ast
import re

from engine_flags import Flag, add, flag_of_call, option_names
from engine_source import SourceTree, annotated_fields, calls, strings

_PIPELINE = "examples/start_agentic_pipeline.py"
_RECIPE = "examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo.yaml"
_INCLUDED = "examples/config/traj_envs.yaml"
_CONFIGURATION = ("roll/configs/", "roll/pipeline/agentic/agentic_config.py")
#: What the strategy `megatron_train` reads its dictionary of settings into.
_MEGATRON = ("mcore_adapter/src/mcore_adapter/training_args.py",)


def roll(source: SourceTree) -> dict[str, object]:
    flags: dict[str, Flag] = {}
    for call in calls(source.tree(_PIPELINE), "add_argument"):
        add(flags, option_names(call), flag_of_call(call, {}), negatable=False)
    return {
        "command": ["python3", _PIPELINE],
        "flags": flags,
        "environment": _environment(source),
        "recipe": _RECIPE,
        "recipeKeys": sorted({*_keys(source.text(_RECIPE)), *_keys(source.text(_INCLUDED))}),
        "classes": _classes(source, _CONFIGURATION),
        "megatron": _classes(source, _MEGATRON),
    }


def _classes(source: SourceTree, places: tuple[str, ...]) -> dict[str, object]:
    """Bases and fields of every class: names and annotations, no values."""
    classes: dict[str, object] = {}
    for path in (path for place in places for path in source.paths(under=place)):
        for node in source.tree(path).body:
            if isinstance(node, ast.ClassDef):
                fields = {name: ast.unparse(kind) for name, kind in annotated_fields(node).items()}
                classes[node.name] = {"bases": [ast.unparse(base) for base in node.bases], "fields": fields}
    return classes


def _environment(source: SourceTree) -> list[str]:
    reads = calls(source.tree("roll/distributed/scheduler/driver_utils.py"), "getenv")
    return sorted({name for call in reads for name in strings(call.args[:1])})


def _keys(text: str) -> list[str]:
    """Top-level keys of a YAML file: those that other values refer to by `${key}` are no field of a class."""
    return re.findall(r"^(\w+):", text, flags=re.MULTILINE)
