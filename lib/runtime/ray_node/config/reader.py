"""Reads typed values from parsed JSON and collects every problem instead of stopping at the first."""

from collections.abc import Mapping
from typing import Any


class ConfigError(Exception):
    """The configuration cannot be used. `problems` lists everything that is wrong with it."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"cannot use {source}: {len(problems)} {noun}\n{lines}")


class Reader:
    """One JSON object at `path`. A wrong or missing value is noted and replaced by a harmless one."""

    def __init__(self, value: object, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._missing: bool = False
        self.value: Mapping[str, Any] = {}
        if isinstance(value, dict):
            self.value = value
        else:
            self._missing = True
            if value is not _ABSENT:
                self.note("", "an object", value)

    def note(self, key: str, allowed: str, got: object) -> None:
        where = ".".join(part for part in (self.path, key) if part) or "the file"
        self.problems.append(f"{where}: must be {allowed}, got {_shown(got)}")

    def _get(self, key: str, allowed: str) -> Any:
        if key not in self.value:
            if not self._missing:
                self.problems.append(f"{self._path(key)}: is missing; must be {allowed}")
            return _ABSENT
        return self.value[key]

    def text(self, key: str) -> str:
        found = self._get(key, "text")
        if isinstance(found, str) and found:
            return found
        self._wrong(key, "text that is not empty", found)
        return ""

    def any_text(self, key: str) -> str:
        """Text that may be empty."""
        found = self._get(key, "text")
        if isinstance(found, str):
            return found
        self._wrong(key, "text", found)
        return ""

    def optional_text(self, key: str) -> str | None:
        found = self._get(key, "text or null")
        if found is None or (isinstance(found, str) and found):
            return found
        self._wrong(key, "text or null", found)
        return None

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        wanted = "one of " + ", ".join(f"'{item}'" for item in allowed)
        found = self._get(key, wanted)
        if found in allowed:
            return str(found)
        self._wrong(key, wanted, found)
        return allowed[0]

    def integer(self, key: str, minimum: int, maximum: int | None = None) -> int:
        found = self._get(key, "a whole number")
        upper = "" if maximum is None else f" and at most {maximum}"
        in_range = isinstance(found, int) and found >= minimum and (maximum is None or found <= maximum)
        if in_range and not isinstance(found, bool):
            return int(found)
        self._wrong(key, f"a whole number of at least {minimum}{upper}", found)
        return minimum

    def optional_integer(self, key: str, minimum: int) -> int | None:
        if self.value.get(key, _ABSENT) is None:
            return None
        return self.integer(key, minimum)

    def seconds(self, key: str) -> float:
        found = self._get(key, "a number of seconds")
        if isinstance(found, (int, float)) and not isinstance(found, bool) and found > 0:
            return float(found)
        self._wrong(key, "a number of seconds above 0", found)
        return 1.0

    def texts(self, key: str) -> dict[str, str]:
        found = self._get(key, "an object of texts")
        if isinstance(found, dict) and all(isinstance(item, str) for item in found.values()):
            return dict(found)
        self._wrong(key, "an object whose values are texts", found)
        return {}

    def text_list(self, key: str) -> list[str]:
        found = self._get(key, "a list of texts")
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return list(found)
        self._wrong(key, "a list of texts", found)
        return []

    def optional_text_list(self, key: str) -> list[str] | None:
        if self.value.get(key, _ABSENT) is None:
            return None
        return self.text_list(key)

    def json_object(self, key: str) -> dict[str, Any]:
        found = self._get(key, "an object")
        if isinstance(found, dict):
            return dict(found)
        self._wrong(key, "an object", found)
        return {}

    def child(self, key: str) -> "Reader":
        return Reader(self._get(key, "an object"), self._path(key), self.problems)

    def optional_child(self, key: str) -> "Reader | None":
        """`None` also for what is missing or no object, which is noted."""
        if self.is_null(key):
            return None
        child = self.child(key)
        return None if child._missing else child

    def is_null(self, key: str) -> bool:
        return self.value.get(key, _ABSENT) is None

    def children(self, key: str, at_least: int = 1) -> list["Reader"]:
        wanted = "a list with at least one entry" if at_least else "a list"
        found = self._get(key, wanted)
        if not isinstance(found, list) or len(found) < at_least:
            self._wrong(key, wanted, found)
            return []
        return [
            Reader(item, f"{self._path(key)}[{index}]", self.problems) for index, item in enumerate(found)
        ]

    def _path(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _wrong(self, key: str, allowed: str, found: object) -> None:
        if found is not _ABSENT:
            self.note(key, allowed, found)


_ABSENT = object()


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
