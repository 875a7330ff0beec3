"""What `lmdeploy serve` takes, and which variables go from the driver to the Ray workers."""

from __future__ import annotations

import ast

from engine_flags import Flag, add, flag_of_call, is_negatable, option_names
from engine_source import SourceTree, calls, class_named, function_named, strings

_HELPER = "ArgumentHelper"


def lmdeploy(source: SourceTree) -> dict[str, object]:
    return {**_command(source, "api_server"), "copied": _copied(source)}


def lmdeploy_proxy(source: SourceTree) -> dict[str, object]:
    return _command(source, "proxy")


def _command(source: SourceTree, name: str) -> dict[str, object]:
    command = function_named(source.tree("lmdeploy/cli/serve.py"), f"add_parser_{name}")
    helper = class_named(source.tree("lmdeploy/cli/utils.py"), _HELPER)
    flags: dict[str, Flag] = {}
    _read(command, helper, flags)
    return {"command": ["lmdeploy", "serve", name], "flags": flags}


def _read(function: ast.FunctionDef, helper: ast.ClassDef, flags: dict[str, Flag]) -> None:
    for call in calls(function, "add_argument"):
        add(flags, option_names(call), flag_of_call(call, _defaults(function)), negatable=is_negatable(call))
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(f"{_HELPER}."):
            _read(function_named(helper, ast.unparse(node.func).split(".")[1]), helper, flags)


def _defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Default values of a function's parameters: `choices` may be one of them."""
    parameters = function.args.args[len(function.args.args) - len(function.args.defaults) :]
    return {item.arg: value for item, value in zip(parameters, function.args.defaults, strict=True)}


def _copied(source: SourceTree) -> dict[str, object]:
    """Every variable that is read in this block is recorded and set in each worker's runtime environment."""
    names: set[str] = set()
    for node in ast.walk(source.tree("lmdeploy/pytorch/envs.py")):
        if isinstance(node, ast.With) and "set_envs()" in ast.unparse(node.items[0]):
            reads = [item for item in ast.walk(node) if isinstance(item, ast.Call) and item.args]
            names.update(strings([item.args[0] for item in reads]))
    return {"names": sorted(names)}
