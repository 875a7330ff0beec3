"""Python source of a published package, read without running it: a wheel, or a folder with the tree."""

from __future__ import annotations

import ast
import email
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path


class SourceTree:
    """The `.py` files of a wheel or folder, parsed when they are asked for."""

    def __init__(self, place: Path) -> None:
        self._texts = _wheel_texts(place) if place.suffix == ".whl" else _folder_texts(place)
        self._trees: dict[str, ast.Module] = {}

    @cached_property
    def metadata(self) -> tuple[str, str]:
        """Name and version as the package states them; empty for a folder without metadata."""
        for path, text in self._texts.items():
            if path.endswith(".dist-info/METADATA"):
                headers = email.message_from_string(text)
                return headers["Name"], headers["Version"]
        return "", ""

    def paths(self, *, under: str = "") -> Iterator[str]:
        return (path for path in sorted(self._texts) if path.startswith(under))

    def text(self, path: str) -> str:
        return self._texts[path]

    def tree(self, path: str) -> ast.Module:
        if path not in self._trees:
            self._trees[path] = ast.parse(self._texts[path], path)
        return self._trees[path]

    def with_class(self, name: str, *, under: str = "") -> str:
        """The one file that defines a class."""
        found = [
            path
            for path in self.paths(under=under)
            if path.endswith(".py")
            and f"class {name}" in self._texts[path]
            and any(isinstance(node, ast.ClassDef) and node.name == name for node in self.tree(path).body)
        ]
        if len(found) != 1:
            raise SystemExit(f"class {name} is defined in {found or 'no file'}, wanted exactly one")
        return found[0]


def class_named(module: ast.Module, name: str) -> ast.ClassDef:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise SystemExit(f"no class {name}")


def function_named(body: ast.AST, name: str) -> ast.FunctionDef:
    for node in ast.walk(body):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    raise SystemExit(f"no function {name}")


def annotated_fields(node: ast.ClassDef) -> dict[str, ast.expr]:
    """Name and annotation of each field of a dataclass."""
    return {
        item.target.id: item.annotation
        for item in node.body
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and not ast.unparse(item.annotation).startswith("ClassVar")
    }


def calls(body: ast.AST, method: str) -> list[ast.Call]:
    """Calls of `<something>.method(...)`, in the order of the text."""
    found = [
        node
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def strings(nodes: list[ast.expr]) -> list[str]:
    """The string constants among some expressions."""
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def assigned(body: ast.AST, name: str) -> ast.expr | None:
    """What a name is last assigned, anywhere in the text."""
    found: ast.expr | None = None
    for node in ast.walk(body):
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            found = node.value
    return found


def string_set(node: ast.expr | None) -> list[str]:
    """The members of a literal set, list or tuple of strings."""
    if not isinstance(node, ast.Set | ast.List | ast.Tuple):
        return []
    return sorted(strings(node.elts))


def _wheel_texts(place: Path) -> dict[str, str]:
    with zipfile.ZipFile(place) as wheel:
        names = [name for name in wheel.namelist() if name.endswith((".py", ".dist-info/METADATA"))]
        return {name: wheel.read(name).decode() for name in names}


def _folder_texts(place: Path) -> dict[str, str]:
    wanted = [path for path in place.rglob("*") if path.suffix in (".py", ".yaml") and path.is_file()]
    return {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in wanted}
