"""Adds pinned Python packages to what an image holds, and changes nothing that it holds.

    python_packages.py fetch TEXT      their files into a folder beside this program
    python_packages.py install TEXT    into the image
    python_packages.py record TEXT     what the image holds now, as a number

Runs while a derived image is built, with the pip of its base. An engine's image is a set of packages that
were tested together: without care pip would replace its numpy or its torch for the sake of what is added, and
the engine would break minutes after the cluster has formed. So everything that the base holds becomes a
constraint, and what cannot be installed under it fails the build.

TEXT is not read. The builder's error repeats the command line of the step that failed, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the node program looks for it.
RECORD = Path("/etc/ray-cluster/image-digest")
# Where a build finds its secrets: files that exist during one step only.
SECRETS = Path("/run/secrets")
FILE_SECRETS = {
    "pip-configuration": ["PIP_CONFIG_FILE"],
    "certificate-authorities": ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"],
}
VALUE_SECRETS = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
]
# Variables, not options: an older pip ignores a variable that it does not know.
PIP_SETTINGS = {
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}
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


def held_packages() -> dict[str, str]:
    """What the image holds: versions by normal name; of two copies, the one that is imported."""
    held: dict[str, str] = {}
    for distribution in metadata.distributions():
        # A folder that was left half-removed has neither.
        name, version = distribution.metadata["Name"], distribution.version
        if name and version:
            held.setdefault(normal(name), version)
    return held


def held_now() -> dict[str, str]:
    """As a new process sees it: this one knows no folder of packages that was made meanwhile."""
    program = [sys.executable, str(Path(__file__).resolve()), "held"]
    found: dict[str, str] = json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
    return found


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


def environment(secrets: Path) -> dict[str, str]:
    """The environment of pip: this process's own, with what the builder passes for this one step."""
    values = {**os.environ, **PIP_SETTINGS}
    for secret, variables in FILE_SECRETS.items():
        if (secrets / secret).exists():
            values.update(dict.fromkeys(variables, str(secrets / secret)))
    for name in VALUE_SECRETS:
        path = secrets / name
        value = path.read_text().strip() if path.exists() else ""
        if value:
            values[name] = value
    return values


class Pip:
    """The pip of the image."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        if self._run("--version").returncode != 0:
            raise Refused(f"the base image has no pip for {sys.executable}: use a base that holds pip")

    def fetch(self, pins: list[Pin], folder: Path) -> None:
        texts = [pin.text for pin in pins]
        if self._shown("download", "--no-deps", "--dest", str(folder), *texts) != 0:
            raise Refused(f"pip could not fetch {', '.join(texts)}; see above")

    def install(self, pins: list[Pin], folder: Path, limits: Path) -> None:
        texts = [pin.text for pin in pins]
        options = ["--find-links", str(folder), "--constraint", str(limits)]
        if self._shown("install", *options, *texts) != 0:
            added = ", ".join(texts)
            raise Refused(f"pip could not add {added} and keep what the base image holds; see above")

    def install_requirements(self, file: str, folder: Path, limits: Path) -> bool:
        """Whether it could. Paths in the file are relative to `folder`."""
        return self._shown("install", "--constraint", str(limits), "--requirement", file, folder=folder) == 0

    def complaints(self) -> set[str]:
        """What `pip check` finds; some published images are not free of it."""
        outcome = self._run("check")
        return set(outcome.stdout.splitlines()) if outcome.returncode != 0 else set()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pip", *arguments]
        return subprocess.run(command, env=self._variables, capture_output=True, text=True, check=False)

    def _shown(self, *arguments: str, folder: Path | None = None) -> int:
        command = [sys.executable, "-m", "pip", *arguments]
        return subprocess.run(command, env=self._variables, cwd=folder, check=False).returncode


def fetch(pins: list[Pin], folder: Path, pip: Pip) -> None:
    held = held_packages()
    missing = [pin for pin in pins if pin.has_extras or pin.name not in held]
    folder.mkdir()
    if missing:
        pip.fetch(missing, folder)


def install(pins: list[Pin], folder: Path, pip: Pip) -> None:
    held = held_packages()
    refuse_other_versions(pins, held)
    known = pip.complaints()
    with tempfile.TemporaryDirectory() as temporary:
        limits = Path(temporary, "constraints.txt")
        limits.write_text(constraints(held))
        pip.install(pins, folder, limits)
    changed = changes(held, held_now())
    if changed:
        raise Refused(f"pip changed what the base image holds: {'; '.join(changed)}")
    broken = pip.complaints() - known
    if broken:
        raise Refused(f"the packages do not fit together: {'; '.join(sorted(broken))}")


def record() -> None:
    """What the image holds in the end, as one number: machines that build it compare it before they start."""
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(held_packages().items()))
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(f"packages@sha256:{hashlib.sha256(lines.encode()).hexdigest()}\n")


def main(arguments: list[str]) -> None:
    steps = {"fetch": fetch, "install": install}
    if arguments == ["held"]:
        print(json.dumps(held_packages()))
        return
    if arguments[:1] == ["record"]:
        record()
        return
    if not arguments or arguments[0] not in steps:
        sys.exit("usage: python_packages.py fetch|install|record TEXT")
    try:
        pins = read_pins((HERE / "packages.txt").read_text())
        if pins:
            steps[arguments[0]](pins, HERE / "wheels", Pip(environment(SECRETS)))
    except Refused as refused:
        sys.exit(f"cannot add Python packages: {refused}")


if __name__ == "__main__":
    main(sys.argv[1:])
