"""What `vllm serve` takes, and which environment variables it copies to its Ray workers."""

from __future__ import annotations

import ast
import re

from engine_flags import Flag, TypeReader, add, flag_of_call, is_negatable, option_names
from engine_source import (
    SourceTree,
    annotated_fields,
    assigned,
    calls,
    class_named,
    function_named,
    string_set,
    strings,
)

_ARGUMENTS = "vllm/engine/arg_utils.py"

#: Numbers that may be written as `1k` or `auto`: what vLLM parses by functions of its own.
_READABLE = ("human_readable_int", "human_readable_int_or_auto")


def vllm(source: SourceTree) -> dict[str, object]:
    reader, fields = _configuration(source)
    flags: dict[str, Flag] = {}
    arguments = source.tree(_ARGUMENTS)
    for owner in ("EngineArgs", "AsyncEngineArgs"):
        _read_calls(function_named(class_named(arguments, owner), "add_cli_args"), reader, fields, flags)
    for name in _readable_numbers(arguments):
        flags[f"--{name.replace('_', '-')}"] = {"takes": "value"}
    frontend = source.with_class("FrontendArgs", under="vllm/entrypoints/")
    _read_frontend(source.tree(frontend), reader, flags)
    _read_calls(function_named(source.tree(frontend), "make_arg_parser"), reader, fields, flags)
    return {"command": ["vllm", "serve"], "flags": flags, "copied": _copied(source)}


def _configuration(source: SourceTree) -> tuple[TypeReader, dict[str, dict[str, ast.expr]]]:
    """Fields of every configuration class, with what is needed to read their annotations."""
    aliases: dict[str, ast.expr] = {}
    fields: dict[str, dict[str, ast.expr]] = {}
    for path in source.paths(under="vllm/"):
        if not path.endswith(".py"):
            continue
        text = source.text(path)
        in_config = path.startswith("vllm/config/")
        if not in_config and "Literal[" not in text:
            continue
        for node in source.tree(path).body:
            if isinstance(node, ast.ClassDef) and in_config:
                fields.setdefault(node.name, {}).update(annotated_fields(node))
            target, value = _alias(node)
            if value is not None and "Literal[" in ast.unparse(value):
                aliases[target] = value
    # A class with fields is given as JSON; without fields it is an enumeration, taken by name.
    return TypeReader(aliases, {name for name, own in fields.items() if own}), fields


def _alias(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return "", None


def _read_calls(
    function: ast.FunctionDef,
    reader: TypeReader,
    fields: dict[str, dict[str, ast.expr]],
    flags: dict[str, Flag],
) -> None:
    for call in calls(function, "add_argument"):
        annotation = _configured(call, function, fields)
        if annotation is None:
            add(flags, option_names(call), flag_of_call(call, {}), negatable=is_negatable(call))
        else:
            flag = reader.flag(annotation)
            add(flags, option_names(call), flag, negatable=flag["takes"] == "switch")


def _configured(
    call: ast.Call, function: ast.FunctionDef, fields: dict[str, dict[str, ast.expr]]
) -> ast.expr | None:
    """Annotation of the field in `add_argument("--x", **parallel_kwargs["x"])`."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            continue
        value: ast.expr | None = keyword.value
        if isinstance(value, ast.Dict):
            value = value.values[0]
        if isinstance(value, ast.Name):
            value = assigned(function, value.id)
        if isinstance(value, ast.Subscript):
            owner = value.value
            if isinstance(owner, ast.Name):
                owner = assigned(function, owner.id) or owner
            if isinstance(owner, ast.Call):
                config, field = ast.unparse(owner.args[0]), strings([value.slice])[0]
                return fields[config].get(field)
    return None


def _readable_numbers(module: ast.Module) -> list[str]:
    """Fields whose numbers may be written as `32k`."""
    names: list[str] = []
    for node in ast.walk(module):
        if isinstance(node, ast.If) and any(name in ast.unparse(node.body[0]) for name in _READABLE):
            compared = [item for item in ast.walk(node.test) if isinstance(item, ast.Constant)]
            names += [item.value for item in compared if isinstance(item.value, str)]
    return names + string_set(assigned(module, "human_readable_int_args"))


def _read_frontend(module: ast.Module, reader: TypeReader, flags: dict[str, Flag]) -> None:
    """Every field of the server's own settings is a flag of the same name."""
    owner = class_named(module, "FrontendArgs")
    bases = [class_named(module, ast.unparse(base)) for base in owner.bases]
    single = {
        name
        for item in (*bases, owner)
        for node in ast.walk(item)
        if isinstance(node, ast.Delete) and ast.unparse(node).endswith("['nargs']")
        for name in strings([part.slice for part in ast.walk(node) if isinstance(part, ast.Subscript)])
    }
    for item in (*bases, owner):
        for name, annotation in annotated_fields(item).items():
            flag: Flag = {"takes": "value"} if name in single else reader.flag(annotation)
            add(flags, [f"--{name.replace('_', '-')}"], flag, negatable=flag["takes"] == "switch")


def _copied(source: SourceTree) -> dict[str, object]:
    """Rules by which the driver's variables reach the Ray workers."""
    module = source.tree("vllm/ray/ray_env.py")
    registered = assigned(source.tree("vllm/envs.py"), "environment_variables")
    names = strings([key for key in registered.keys if key]) if isinstance(registered, ast.Dict) else []
    executors = [path for path in source.paths(under="vllm/v1/executor/") if path.endswith(".py")]
    specific = [assigned(source.tree(path), "WORKER_SPECIFIC_ENV_VARS") for path in executors]
    return {
        "prefixes": string_set(assigned(module, "DEFAULT_ENV_VAR_PREFIXES")),
        "names": string_set(assigned(module, "DEFAULT_EXTRA_ENV_VARS")),
        "registered": sorted(name for name in names if not name.startswith("VLLM_")),
        "never": sorted({name for found in specific for name in string_set(found)}),
        "exclusionFile": _exclusion_file(module),
        "everything": _takes_everything(source),
    }


def _exclusion_file(module: ast.Module) -> str:
    """Name of the file under `VLLM_CONFIG_ROOT` that lists what is not to be copied."""
    path = assigned(module, "RAY_NON_CARRY_OVER_ENV_VARS_FILE")
    return strings(path.args)[0] if isinstance(path, ast.Call) else ""


def _takes_everything(source: SourceTree) -> bool:
    """Whether the executor that runs by default copies the whole environment (and overwrites nothing)."""
    if not any(path == "vllm/v1/executor/ray_executor_v2.py" for path in source.paths()):
        return False
    switch = re.search(r'"VLLM_USE_RAY_V2_EXECUTOR_BACKEND", "(\d)"', source.text("vllm/envs.py"))
    return switch is None or switch[1] == "1"
