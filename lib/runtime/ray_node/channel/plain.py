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
from ray_node.host import json_input, text
from ray_node.host.json_input import Limits, Malformed

T = TypeVar("T")

_MAXIMUM_TEXT = 4000
_MAXIMUM_SHOWN = 60
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_MAXIMUM_PROBLEMS = 20
_MAXIMUM_PROBLEM = 1000


class NotPlain(Exception):
    """The value does not fit the class; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[str], code: str = "misfit") -> None:
        # They may quote what has come.
        self.problems = [text.one_line(problem, _MAXIMUM_PROBLEM) for problem in problems]
        #: Stable name of what is wrong.
        self.code = code
        super().__init__("; ".join(self.problems[:_MAXIMUM_PROBLEMS]))


@dataclasses.dataclass(frozen=True)
class Variants:
    """The class of an object, by the value of its `key`."""

    key: str
    classes: Mapping[str, type]


def one_line(maximum: int) -> Callable[[str], str]:
    """Text that may end up in a log line or in the state: cut to `maximum` characters."""
    return lambda words: text.one_line(words, maximum)


Name = Annotated[str, one_line(200)]
Reason = Annotated[str, one_line(2000)]


def encode(value: object) -> Any:
    """Dataclasses become objects, tuples lists."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if dataclasses.is_dataclass(kind):
        return {key: encode(getattr(value, name)) for name, key in _keys(kind)}
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


def from_message(kind: type[T], body: bytes, limits: Limits = json_input.MESSAGE) -> T:
    """Raises NotPlain."""
    try:
        value = json_input.read(body, limits)
    except Malformed as error:
        raise NotPlain([f"it {error}"], error.code) from error
    if not isinstance(value, dict) or value.get("schema") != REPORT_SCHEMA:
        raise NotPlain([f"it is not of schema {REPORT_SCHEMA}"], "other-schema")
    return decode(kind, value)


class _Decoder:
    """Reads on after a problem, to find all of them."""

    def __init__(self, maximum_text: int | None) -> None:
        self.problems: list[str] = []
        self._maximum_text = maximum_text

    def read(self, kind: Any, value: Any, path: str, or_null: str = "") -> Any:
        """The value as `kind` holds it, `None` where a problem was noted."""
        shape = _shape(kind)
        annotation = shape.annotation
        if isinstance(annotation, Variants):
            return self._variant(annotation, value, path)
        before = len(self.problems)
        found = self._bare(shape, value, path, kind, or_null)
        return found if annotation is None or len(self.problems) > before else annotation(found)

    def _bare(self, shape: "_Shape", value: Any, path: str, whole: Any, or_null: str) -> Any:
        kind, origin, arguments = shape.bare, shape.origin, shape.arguments
        if kind is Any:
            return value
        if shape.inner is not None:
            return None if value is None else self.read(shape.inner, value, path, " or null")
        if type(value) is kind:
            return value[: self._maximum_text] if kind is str else value
        must = functools.partial(_words, whole, or_null)
        if origin is Literal:
            return value if value in arguments else self._note(path, must(), value)
        if shape.is_object:
            return self._object(kind, value, path, must)
        if origin is dict and isinstance(value, dict):
            return {key: self.read(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
        if origin is tuple and isinstance(value, list):
            return tuple(
                self.read(arguments[0], item, f"{path}[{index}]") for index, item in enumerate(value)
            )
        if kind is float and type(value) is int:
            return float(value)
        return self._note(path, must(), value)

    def _object(self, kind: Any, value: Any, path: str, must: Callable[[], str]) -> Any:
        if not isinstance(value, dict):
            return self._note(path, must(), value)
        before, found = len(self.problems), {}
        for name, key, hint, is_required in _fields(kind):
            at = f"{path}.{key}" if path else key
            if key in value:
                found[name] = self.read(hint, value[key], at)
            elif is_required:
                self.problems.append(f"{at}: is missing; must be {_must(hint)}")
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
        return self._object(variants.classes[name], value, path, lambda: "an object")

    def _note(self, path: str, must: str, value: object) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= _MAXIMUM_SHOWN else shown[: _MAXIMUM_SHOWN - 3] + "..."
        at = text.printable(path or "the message", 200)
        self.problems.append(f"{at}: must be {must}, got {shown}")


@dataclasses.dataclass(frozen=True)
class _Shape:
    """What a type says, looked up once: reports are read many times a second."""

    #: Kept, so that its id is not given again.
    kind: Any
    #: Without its annotation.
    bare: Any
    annotation: Any
    origin: Any
    arguments: tuple[Any, ...]
    #: X of `X | None`.
    inner: Any
    is_object: bool


_shapes: dict[int, _Shape] = {}


def _shape(kind: Any) -> _Shape:
    found = _shapes.get(id(kind))
    if found is None or found.kind is not kind:
        bare, annotation = _split(kind)
        origin, arguments = typing.get_origin(bare), typing.get_args(bare)
        is_union = origin in (typing.Union, types.UnionType)
        inner = next((item for item in arguments if item is not types.NoneType), None) if is_union else None
        is_object = dataclasses.is_dataclass(bare)
        found = _shapes[id(kind)] = _Shape(kind, bare, annotation, origin, arguments, inner, is_object)
    return found


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """Name, key, type, and whether it must be there."""
    hints = typing.get_type_hints(kind, include_extras=True)
    missing = dataclasses.MISSING
    return tuple(
        (field.name, _key(field.name), hints[field.name], field.default is field.default_factory is missing)
        for field in dataclasses.fields(kind)
    )


@functools.cache
def _keys(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, _key(field.name)) for field in dataclasses.fields(kind))


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


def _words(kind: Any, or_null: str) -> str:
    return _must(kind) + or_null


def _one_of(values: Any) -> str:
    return "one of " + ", ".join(f"'{value}'" for value in values)


def _key(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
