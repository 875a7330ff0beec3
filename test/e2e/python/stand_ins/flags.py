"""The argument definitions of a published engine, and commands taken apart by them.

The definitions are those of `test/fixtures/engine-flags`, which lie beside the programs in the image.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("STAND_IN_FLAGS", "/opt/stand-ins/engine-flags"))
_WANTED = {"switch": (0, 0), "value": (1, 1), "values": (1, 10_000), "optional value": (0, 1)}


class Refused(Exception):
    """What the engine would refuse of its command, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Arguments:
    """A command that the engine takes."""

    positional: list[str]
    values: dict[str, list[str]]

    def has(self, flag: str) -> bool:
        return flag in self.values

    def text(self, flag: str, default: str) -> str:
        return self.values[flag][0] if flag in self.values else default

    def number(self, flag: str, default: int) -> int:
        return int(self.text(flag, str(default)))


@dataclass(frozen=True)
class Definition:
    """An engine's own definition of what it takes."""

    version: str
    command: list[str]
    flags: dict[str, dict[str, Any]]
    #: Everything else that was read of the package.
    document: dict[str, Any]

    def parse(self, argv: list[str], positional: int) -> Arguments:
        """`argv` begins after the program's name. Raises Refused."""
        subcommand = [] if self.command[0].startswith("python") else self.command[1:]
        problems = []
        if argv[: len(subcommand)] != subcommand:
            problems.append(f"does not begin with '{' '.join(subcommand)}'")
        words = [part for word in argv[len(subcommand) :] for part in _split(word)]
        given: dict[str, list[str]] = {"": []}
        flag = ""
        for word in words:
            if _is_flag(word):
                flag = word
                if flag in given:
                    problems.append(f"{flag} is given twice")
                given[flag] = []
            else:
                given[flag].append(word)
        first = given.pop("")
        if len(first) != positional:
            problems.append(f"takes {positional} arguments before the first flag, not {first}")
        for name, values in given.items():
            problems += self._problems(name, values)
        if problems:
            raise Refused(problems)
        return Arguments(first, given)

    def _problems(self, flag: str, values: list[str]) -> list[str]:
        definition = self.flags.get(flag)
        if definition is None:
            return [f"unrecognized arguments: {' '.join([flag, *values])}"]
        takes = str(definition["takes"])
        least, most = _WANTED[takes]
        if not least <= len(values) <= most:
            return [f"argument {flag}: takes {takes}, not '{' '.join(values)}'"]
        return [
            f"argument {flag}: invalid value '{value}'" for value in values if not _fits(value, definition)
        ]


def load(name: str, folder: Path | None = None) -> Definition:
    """A definition by its file's name without `.json`, e.g. `vllm-0.33.0`."""
    with open((folder or FOLDER) / f"{name}.json", encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return Definition(document["version"], document["command"], document["flags"], document)


def _split(word: str) -> list[str]:
    """`--flag=value` is two words."""
    return list(word.partition("=")[::2]) if re.match(r"--[^=]+=", word) else [word]


def _is_flag(word: str) -> bool:
    return re.match(r"--?[A-Za-z]", word) is not None


def _fits(value: str, definition: dict[str, Any]) -> bool:
    kind, choices = definition.get("type"), definition.get("choices")
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        return False
    if kind == "number":
        try:
            float(value)
        except ValueError:
            return False
    return choices is None or value in choices
