"""The codec: frozen dataclasses to JSON and back, for messages between nodes and for `node.json`.

The field `node_report` is the key `nodeReport`. Values from outside may be malformed; every problem is named
with its path. Fields are dataclasses, `str`, `int`, `float`, `bool`, `Literal`, `X | None`, `tuple[X, ...]`,
`dict[str, X]` or `Any`; `Annotated[X, function]` keeps what the function makes of a value of type X, and
`Annotated[X | Y, Variants]` chooses by a key.
"""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from ray_node import REPORT_SCHEMA

T = TypeVar("T")

_MAXIMUM_TEXT = 4000
_MAXIMUM_SHOWN = 60


class NotPlain(Exception):
    """The value does not fit the class; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclasses.dataclass(frozen=True)
class Variants:
    """The class of an object, by the value of its `key`."""

    key: str
    classes: Mapping[str, type]


def one_line(maximum: int) -> Callable[[str], str]:
    """Text that may end up in a log line or in the state: cut to `maximum` characters."""
    return lambda text: " ".join(text.split())[:maximum]


def printable(text: str, maximum: int) -> str:
    """Text as it is, without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:maximum])


Name = Annotated[str, one_line(200)]
Reason = Annotated[str, one_line(2000)]


def encode(value: object) -> Any:
    """Dataclasses become objects, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_key(field.name): encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(kind: type[T], value: object, maximum_text: int | None = _MAXIMUM_TEXT) -> T:
    """An instance of the dataclass `kind`; longer texts are cut. Raises NotPlain."""
    decoder = _Decoder(maximum_text)
    decoded: T = decoder.read(kind, value, "")
    if decoder.problems:
        raise NotPlain(decoder.problems)
    return decoded


def to_message(value: object) -> bytes:
    return json.dumps({"schema": REPORT_SCHEMA, **encode(value)}).encode()


def from_message(kind: type[T], body: bytes) -> T:
    """Raises NotPlain."""
    try:
        value = json.loads(body)
    except ValueError as error:
        raise NotPlain(["it is not JSON"]) from error
    if not isinstance(value, dict) or value.get("schema") != REPORT_SCHEMA:
        raise NotPlain([f"it is not of schema {REPORT_SCHEMA}"])
    return decode(kind, value)


class _Decoder:
    """Reads on after a problem, to find all of them."""

    def __init__(self, maximum_text: int | None) -> None:
        self.problems: list[str] = []
        self._maximum_text = maximum_text

    def read(self, kind: Any, value: Any, path: str, or_null: str = "") -> Any:
        """The value as `kind` holds it, `None` where a problem was noted."""
        bare, annotation = _split(kind)
        if isinstance(annotation, Variants):
            return self._variant(annotation, value, path)
        before = len(self.problems)
        found = self._bare(bare, value, path, _must(kind) + or_null)
        return found if annotation is None or len(self.problems) > before else annotation(found)

    def _bare(self, kind: Any, value: Any, path: str, must: str) -> Any:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if kind is Any:
            return value
        if origin in (typing.Union, types.UnionType):
            (inner,) = (item for item in arguments if item is not types.NoneType)
            return None if value is None else self.read(inner, value, path, " or null")
        if origin is Literal:
            return value if value in arguments else self._note(path, must, value)
        if dataclasses.is_dataclass(kind):
            return self._object(kind, value, path, must)
        if origin is dict and isinstance(value, dict):
            return {key: self.read(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
        if origin is tuple and isinstance(value, list):
            return tuple(
                self.read(arguments[0], item, f"{path}[{index}]") for index, item in enumerate(value)
            )
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            return self._note(path, must, value)
        return value[: self._maximum_text] if isinstance(value, str) else value

    def _object(self, kind: Any, value: Any, path: str, must: str) -> Any:
        if not isinstance(value, dict):
            return self._note(path, must, value)
        before, hints, found = len(self.problems), _hints(kind), {}
        for field in dataclasses.fields(kind):
            key = _key(field.name)
            at = f"{path}.{key}" if path else key
            if key in value:
                found[field.name] = self.read(hints[field.name], value[key], at)
            elif field.default is field.default_factory is dataclasses.MISSING:
                self.problems.append(f"{at}: is missing; must be {_must(hints[field.name])}")
        if len(self.problems) > before:
            return None
        try:
            return kind(**found)
        except ValueError as error:
            self.problems.append(f"{path}.{error}" if path else str(error))

    def _variant(self, variants: Variants, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._note(path, "an object", value)
        name = value.get(variants.key)
        if not isinstance(name, str) or name not in variants.classes:
            return self._note(f"{path}.{variants.key}", _one_of(variants.classes), name)
        return self._object(variants.classes[name], value, path, "an object")

    def _note(self, path: str, must: str, value: object) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= _MAXIMUM_SHOWN else shown[: _MAXIMUM_SHOWN - 3] + "..."
        self.problems.append(f"{path or 'the message'}: must be {must}, got {shown}")


def _split(kind: Any) -> tuple[Any, Any]:
    """A type without its annotation, and the annotation."""
    if typing.get_origin(kind) is Annotated:
        bare, annotation = typing.get_args(kind)
        return bare, annotation
    return kind, None


def _must(kind: Any) -> str:
    """What is allowed, in words."""
    bare, _ = _split(kind)
    origin, arguments = typing.get_origin(bare), typing.get_args(bare)
    if origin in (typing.Union, types.UnionType):
        return f"{_must(arguments[0])} or null"
    if origin is Literal:
        return _one_of(arguments)
    if origin is tuple:
        return "a list of texts" if arguments[0] is str else "a list"
    words = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return words.get(bare, "an object")


def _one_of(values: Any) -> str:
    return "one of " + ", ".join(f"'{value}'" for value in values)


def _key(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)
