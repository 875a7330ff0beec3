"""The one decoder of JSON that others have written: nodes, engines, hubs, disks.

What it returns is no deeper and no larger than its limits say, and its whole numbers fit into 64 bits.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from ray_node.host import regular_file

_MAXIMUM_DIGITS = 20
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Limits:
    #: Bytes.
    size: int
    depth: int = 32
    #: Refuses NaN, Infinity, keys that come twice, and lone surrogates. Files of models hold the first three.
    strict: bool = True


#: Of a message between nodes.
MESSAGE = Limits(4 << 20)
#: Of a file of the node program.
OWN_FILE = Limits(16 << 20)
#: Of what an engine answers.
ANSWER = Limits(1 << 20, 64, strict=False)
#: Of a list of files.
LISTING = Limits(64 << 20)
#: Of a file of a model, for example an index of 100,000 tensors.
MODEL_FILE = Limits(128 << 20, 64, strict=False)


class Malformed(ValueError):
    """Reads after `it `. `code` is a stable name of what is wrong."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def read(content: bytes, limits: Limits = MESSAGE) -> Any:
    """The value. Raises Malformed."""
    if len(content) > limits.size:
        raise Malformed("too-large", f"has more than {limits.size} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not-utf-8", f"is not UTF-8 at byte {error.start}") from None
    _check_depth(text, limits.depth)
    try:
        value = json.loads(
            text,
            parse_int=_whole,
            parse_float=_real if limits.strict else float,
            parse_constant=_constant if limits.strict else float,
            object_pairs_hook=_object if limits.strict else None,
        )
    except Malformed:
        raise
    except RecursionError:
        raise Malformed("too-deep", f"is nested deeper than {limits.depth}") from None
    except ValueError as error:
        # Not its text, which may be long; the place is enough.
        at = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Malformed("not-json", f"is not JSON{at}") from None
    if _SURROGATE.search(text) is not None:
        _check_letters(value)
    return value


def read_file(path: str, limits: Limits = OWN_FILE) -> Any:
    """The value in a file. Raises Malformed, OSError."""
    with regular_file.opened(path) as file:
        return read(file.read(limits.size + 1), limits)


def object_of(value: Any) -> dict[str, Any]:
    """Raises Malformed for anything but an object."""
    if not isinstance(value, dict):
        raise Malformed("not-an-object", "is not an object")
    return value


def _check_depth(text: str, limit: int) -> None:
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for letter in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if letter in "[{" else -1
        if depth > limit:
            raise Malformed("too-deep", f"is nested deeper than {limit}")


def _check_letters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Malformed("half-character", "holds half of a character (a lone surrogate)") from None


def _whole(digits: str) -> int:
    if len(digits) > _MAXIMUM_DIGITS:
        raise Malformed("too-large-number", f"holds a number of {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Malformed("too-large-number", "holds a number that is too large")
    return value


def _constant(name: str) -> float:
    raise Malformed("not-a-number", f"holds {name}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("duplicate-key", "has a key twice")
    return found
