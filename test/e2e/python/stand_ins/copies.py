"""What an engine carries from its process on the head to its workers on the other nodes.

The rules are the rows of `lib/catalog/engine-environment.json`, read off the engines' own source.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(os.environ.get("STAND_IN_COPIES", "/opt/stand-ins/engine-environment.json"))


@dataclass(frozen=True)
class Copies:
    """A rule: which variables, and whether they win over what the worker has."""

    everything: bool
    prefixes: tuple[str, ...]
    names: frozenset[str]
    never: frozenset[str]
    overwrites: bool
    #: Name of the list in the engine's configuration folder of what stays behind; `None`: it reads none.
    exclusion_file: str | None

    def carried(self, environment: Mapping[str, str], excluded: list[str]) -> dict[str, str]:
        """The variables of `environment` that go along."""
        return {
            name: value
            for name, value in environment.items()
            if name not in self.never
            and name not in excluded
            and (self.everything or name in self.names or name.startswith(self.prefixes))
        }


def rule(identifier: str, file: Path | None = None) -> Copies:
    """A row of the catalogue by its id."""
    rows = json.loads((file or FILE).read_text(encoding="utf-8"))
    row = next(row for row in rows if row["id"] == identifier)
    return Copies(
        everything=row["everything"],
        prefixes=tuple(row["prefixes"]),
        names=frozenset(row["names"]),
        never=frozenset(row["never"]),
        overwrites=row["overwrites"],
        exclusion_file=row["exclusionFile"],
    )


def arrived(carried: Mapping[str, str], own: Mapping[str, str], overwrites: bool) -> dict[str, str]:
    """The environment of a worker with `own` variables after `carried` ones came."""
    return {**own, **carried} if overwrites else {**carried, **own}
