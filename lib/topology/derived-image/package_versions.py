"""Pins, locks, and whether versions agree. Reads and writes texts only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[^]]+\])?==(?P<version>\S+)")
# What pip reads as a version; a distribution with another one cannot be written as a constraint.
VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)


class Refused(Exception):
    """The packages cannot be added; the text says why."""


@dataclass(frozen=True)
class Pin:
    """One line of packages.txt."""

    name: str
    has_extras: bool
    version: str
    text: str


@dataclass(frozen=True)
class Locked:
    """One package of packages.lock."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join([f"{self.name}=={self.version}", *(f"--hash={value}" for value in self.hashes)])


LOCKED = re.compile(r"(?P<pin>\S+==\S+)(?P<hashes>(\s+--hash=sha256:[0-9a-f]{64})+)")


def read_lock(text: str) -> dict[str, Locked]:
    """As `pip-compile --generate-hashes`, uv and this program write it."""
    found: dict[str, Locked] = {}
    for raw in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        if not line:
            continue
        match = LOCKED.fullmatch(line)
        pin = match and PIN.fullmatch(match["pin"])
        if match is None or pin is None:
            raise Refused(f"packages.lock: '{line}' is not name==version with --hash=sha256:... of its files")
        hashes = tuple(word.removeprefix("--hash=") for word in match["hashes"].split())
        found[normal(pin["name"])] = Locked(normal(pin["name"]), pin["version"], hashes)
    return found


def still_needed(lock: Mapping[str, Locked], pins: list[Pin], held: Mapping[str, str]) -> list[Locked]:
    """What of a lock the base does not hold. The pins are among both."""
    for pin in pins:
        version = lock[pin.name].version if pin.name in lock else held.get(pin.name)
        if version is None or not same_version(pin.version, version):
            raise Refused(f"packages.lock has {version or 'no version'} for {pin.text}: create it again")
    other = [
        f"{one.name} {one.version} is locked, and the base image holds {held[one.name]}"
        for one in lock.values()
        if one.name in held and not same_version(one.version, held[one.name])
    ]
    if other:
        raise Refused("; ".join(other))
    return [one for one in lock.values() if one.name not in held]


def normal(name: str) -> str:
    """A distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(text: str) -> list[Pin]:
    pins = []
    for line in text.split():
        match = PIN.fullmatch(line)
        if match is None:
            raise Refused(f"'{line}' is not pinned as name==version")
        pins.append(Pin(normal(match["name"]), match["extras"] is not None, match["version"], line))
    return pins


def added_by(report: Mapping[str, Any]) -> list[Locked]:
    """Of pip's report (pip.pypa.io/en/stable/reference/installation-report)."""
    return sorted(
        (
            Locked(
                normal(one["metadata"]["name"]),
                one["metadata"]["version"],
                (f"sha256:{one['download_info']['archive_info']['hashes']['sha256']}",),
            )
            for one in report["install"]
        ),
        key=lambda one: one.name,
    )


def constraints(held: Mapping[str, str]) -> str:
    lines = [f"{name}=={version}" for name, version in sorted(held.items()) if VERSION.fullmatch(version)]
    return "".join(f"{line}\n" for line in lines)


def refuse_other_versions(pins: list[Pin], held: Mapping[str, str]) -> None:
    """A pin that differs from what the base holds asks for exactly what must not happen."""
    differing = [
        f"{pin.text} is to be added, and the base image holds {pin.name} {held[pin.name]}"
        for pin in pins
        if pin.name in held and not same_version(pin.version, held[pin.name])
    ]
    if differing:
        raise Refused("; ".join(differing))


def same_version(wanted: str, held: str) -> bool:
    """As `==` of a requirement: without a local part it takes any; zeros at the end do not count."""
    if "+" not in wanted:
        held = held.split("+")[0]
    return trimmed(wanted) == trimmed(held)


def trimmed(version: str) -> str:
    return re.sub(r"(\.0)+(?=$|[^.\d])", "", version.lower().lstrip("v"))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {version} became {after.get(name, 'nothing')}"
        for name, version in sorted(before.items())
        if after.get(name) != version
    ]


def write_lock(path: Path, lock: list[Locked]) -> Path:
    path.write_text("".join(f"{one.line}\n" for one in lock))
    return path
