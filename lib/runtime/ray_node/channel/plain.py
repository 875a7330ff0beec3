"""Frozen dataclasses to JSON values and back. What another node sent may be malformed: it is checked."""

import dataclasses
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")

_MAXIMUM_TEXT = 4000


class NotPlain(Exception):
    """The value does not fit the class."""


def encode(value: object) -> Any:
    """Dataclasses become objects, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(kind: type[T], value: object) -> T:
    """An instance of the dataclass `kind`. Raises NotPlain."""
    decoded: T = _decode(kind, value, kind.__name__)
    return decoded


def _decode(kind: Any, value: object, path: str) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise NotPlain(f"{path}: no object")
        hints = typing.get_type_hints(kind)
        missing = [
            field.name
            for field in dataclasses.fields(kind)
            if field.name not in value
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        ]
        if missing:
            raise NotPlain(f"{path}: {', '.join(missing)} missing")
        known = {key: item for key, item in value.items() if key in hints}
        make: Any = kind
        return make(**{key: _decode(hints[key], item, f"{path}.{key}") for key, item in known.items()})
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        inner = next(item for item in typing.get_args(kind) if item is not type(None))
        return _decode(inner, value, path)
    if origin is tuple:
        if not isinstance(value, list):
            raise NotPlain(f"{path}: no list")
        inner = typing.get_args(kind)[0]
        return tuple(_decode(inner, item, f"{path}[{index}]") for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise NotPlain(f"{path}: no object")
        inner = typing.get_args(kind)[1]
        return {str(key): _decode(inner, item, f"{path}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise NotPlain(f"{path}: no {kind.__name__}")
    return value[:_MAXIMUM_TEXT] if isinstance(value, str) else value
