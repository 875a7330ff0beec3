"""Versions of Ray and Python on this node, and whether two nodes may be in one cluster."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Versions:
    ray: str
    python: str


def installed() -> Versions | None:
    """What is installed here, `None` without Ray. Reads metadata only: importing Ray takes half a second."""
    from importlib import metadata

    try:
        return Versions(ray=metadata.version("ray"), python=platform.python_version())
    except metadata.PackageNotFoundError:
        return None


def is_at_least(ray: str, oldest: str) -> bool:
    """Whether Ray is of the release `oldest` or a later one; patches and pre-releases do not count."""
    here, wanted = (tuple(int(part) for part in version.split(".")[:2]) for version in (ray, oldest))
    return here >= wanted


def mismatch(here: Versions, head: Versions, environment: Mapping[str, str]) -> str | None:
    """Why a node with versions `here` cannot join `head`, or `None`. Ray itself has the same two rules."""
    if here.ray != head.ray:
        return f"Ray {here.ray} here, {head.ray} on the head"
    level = environment.get("RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL", "patch")
    parts = 2 if level == "minor" else 3
    if here.python.split(".")[:parts] != head.python.split(".")[:parts]:
        return f"Python {here.python} here, {head.python} on the head"
    return None
