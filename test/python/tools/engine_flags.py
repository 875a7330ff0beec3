"""Flags of an `argparse` command, from the calls of `add_argument` in its source.

A flag is described by what it takes: nothing (`switch`), one value, several values, or at most one value.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from engine_source import strings

#: What a flag takes, e.g. `{"takes": "value", "type": "integer", "choices": ["a", "b"]}`.
Flag = dict[str, object]

_TYPES = {"int": "integer", "float": "number"}


class TypeReader:
    """What a configuration field takes on the command line, by its annotation (as vLLM derives it)."""

    def __init__(self, aliases: Mapping[str, ast.expr], classes: set[str]) -> None:
        self._aliases = aliases
        self._classes = classes

    def flag(self, annotation: ast.expr) -> Flag:
        members = self._members(annotation)
        names = {_head(member) for member in members}
        if names & self._classes:
            return {"takes": "value"}
        if names == {"bool", "str", "None"}:
            return {"takes": "optional value"}
        if "bool" in names:
            return {"takes": "switch"}
        if "Literal" in names:
            choices = [choice for member in members for choice in self._choices(member)]
            return {"takes": "value"} if "str" in names or not choices else _one_of(choices)
        if names & {"list", "tuple", "set"}:
            return {"takes": "values"}
        for python, ours in _TYPES.items():
            if python in names:
                return {"takes": "value", "type": ours}
        return {"takes": "value"}

    def _choices(self, node: ast.expr) -> list[str]:
        """The strings of `Literal["a", Other]`, where `Other` names a literal too."""
        if isinstance(node, ast.Name) and node.id in self._aliases:
            return [choice for member in self._members(node) for choice in self._choices(member)]
        if isinstance(node, ast.Subscript) and _head(node) == "Literal":
            inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
            return [choice for item in inner for choice in self._choices(item)]
        return strings([node])

    def _members(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.BinOp):
            return [*self._members(node.left), *self._members(node.right)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._members(ast.parse(node.value, mode="eval").body)
        if isinstance(node, ast.Subscript):
            inner = node.slice
            parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
            head = _head(node)
            if head == "Optional":
                return [*self._members(parts[0]), ast.Constant(None)]
            if head == "Union":
                return [member for part in parts for member in self._members(part)]
            if head == "Annotated":
                return self._members(parts[0])
        if isinstance(node, ast.Name) and node.id in self._aliases:
            return self._members(self._aliases[node.id])
        return [node]


def flag_of_call(call: ast.Call, scope: Mapping[str, ast.expr]) -> Flag:
    """What an `add_argument` call with plain keywords defines. `scope` resolves names used as `choices`."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    action = ast.unparse(keywords["action"]).strip("'") if "action" in keywords else "store"
    if action in ("store_true", "store_false") or action.endswith("BooleanOptionalAction"):
        return {"takes": "switch"}
    flag: Flag = {"takes": "value"}
    nargs = keywords.get("nargs")
    if isinstance(nargs, ast.Constant):
        flag["takes"] = "optional value" if nargs.value == "?" else "values"
    kind = _TYPES.get(ast.unparse(keywords["type"])) if "type" in keywords else None
    if kind:
        flag["type"] = kind
    choices = keywords.get("choices")
    if isinstance(choices, ast.Name):
        choices = scope.get(choices.id)
    if isinstance(choices, ast.List | ast.Tuple | ast.Set) and strings(choices.elts):
        flag["choices"] = sorted(strings(choices.elts))
    return flag


def option_names(call: ast.Call) -> list[str]:
    """`--x` and its short forms; empty for a positional argument."""
    return [name for name in strings(call.args) if name.startswith("-")]


def is_negatable(call: ast.Call) -> bool:
    """Whether `--no-x` exists too."""
    return any(
        keyword.arg == "action" and ast.unparse(keyword.value).endswith("BooleanOptionalAction")
        for keyword in call.keywords
    )


def add(flags: dict[str, Flag], names: list[str], flag: Flag, *, negatable: bool) -> None:
    for name in names:
        flags[name] = flag
        if negatable and name.startswith("--"):
            flags[f"--no-{name[2:]}"] = {"takes": "switch"}


def _one_of(choices: list[str]) -> Flag:
    return {"takes": "value", "choices": sorted(choices)}


def _head(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _head(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return "None" if isinstance(node, ast.Constant) and node.value is None else ast.unparse(node)
