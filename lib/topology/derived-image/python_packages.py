"""Adds pinned Python packages to what an image holds, and changes nothing that it holds.

    python_packages.py fetch TEXT      their files into a folder beside this program
    python_packages.py install TEXT    into the image
    python_packages.py record TEXT     what the image holds now, as a number

Runs while a derived image is built, with the pip of its base. An engine's image is a set of packages that
were tested together: without care pip would replace its numpy or its torch for the sake of what is added, and
the engine would break minutes after the cluster has formed. So everything that the base holds becomes a
constraint, and what cannot be installed under it fails the build.

Only wheels are added: another distribution runs its own program while it is fetched. With a lock
(packages.lock: every package with its version and hashes) nothing is resolved. Without one pip resolves what
the pins need, and the image holds the lock that would give the same again.

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
from importlib import metadata
from pathlib import Path

from package_versions import (
    Locked,
    Pin,
    Refused,
    added_by,
    changes,
    constraints,
    normal,
    read_lock,
    read_pins,
    refuse_other_versions,
    still_needed,
    write_lock,
)

HERE = Path(__file__).resolve().parent
# Where the node program looks for it.
RECORD = Path("/etc/ray-cluster/image-digest")
# What a build has added, for the next one: `lockFile`.
LOCK = Path(sys.prefix, "share", "ray-cluster", "packages.lock")
# Since this version pip says what it has installed, with hashes.
FIRST_WITH_REPORT = (22, 2)
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


WHEELS_ONLY = ["--only-binary", ":all:"]


class Pip:
    """The pip of the image."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        found = re.match(r"pip (\d+)\.(\d+)", self._run("--version").stdout)
        if found is None:
            raise Refused(f"the base image has no pip for {sys.executable}: use a base that holds pip")
        self._version = (int(found[1]), int(found[2]))

    def fetch(self, pins: list[Pin], folder: Path) -> None:
        texts = [pin.text for pin in pins]
        if self._shown("download", "--no-deps", *WHEELS_ONLY, "--dest", str(folder), *texts) != 0:
            raise Refused(f"pip could not fetch {', '.join(texts)} as a wheel; see above")

    def fetch_locked(self, lock: Path, folder: Path) -> None:
        options = ["--no-deps", "--require-hashes", *WHEELS_ONLY, "--dest", str(folder)]
        if self._shown("download", *options, "--requirement", str(lock)) != 0:
            raise Refused("pip could not fetch what packages.lock names with these hashes; see above")

    def install(self, pins: list[Pin], folder: Path, limits: Path) -> list[Locked]:
        """What was added, where this pip can say it."""
        texts = [pin.text for pin in pins]
        report = limits.with_name("report.json")
        options = [*WHEELS_ONLY, "--find-links", str(folder), "--constraint", str(limits)]
        reporting = ["--report", str(report)] if self._version >= FIRST_WITH_REPORT else []
        if self._shown("install", *reporting, *options, *texts) != 0:
            added = ", ".join(texts)
            raise Refused(f"pip could not add {added} and keep what the base image holds; see above")
        return added_by(json.loads(report.read_text())) if report.exists() else []

    def install_locked(self, lock: Path, folder: Path) -> None:
        options = ["--no-index", "--no-deps", "--require-hashes", "--find-links", str(folder)]
        if self._shown("install", *options, "--requirement", str(lock)) != 0:
            raise Refused("pip could not install what packages.lock names with these hashes; see above")

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


def fetch(pins: list[Pin], lock: Mapping[str, Locked], folder: Path, pip: Pip) -> None:
    held = held_packages()
    folder.mkdir()
    if lock:
        needed = still_needed(lock, pins, held)
        if needed:
            pip.fetch_locked(write_lock(folder.with_name("needed.lock"), needed), folder)
        return
    missing = [pin for pin in pins if pin.has_extras or pin.name not in held]
    if missing:
        pip.fetch(missing, folder)


def install(pins: list[Pin], lock: Mapping[str, Locked], folder: Path, pip: Pip) -> None:
    held = held_packages()
    refuse_other_versions(pins, held)
    known = pip.complaints()
    with tempfile.TemporaryDirectory() as temporary:
        limits = Path(temporary, "constraints.txt")
        limits.write_text(constraints(held))
        if lock:
            added = still_needed(lock, pins, held)
            if added:
                pip.install_locked(write_lock(Path(temporary, "needed.lock"), added), folder)
        else:
            added = pip.install(pins, folder, limits)
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    write_lock(LOCK, added)
    changed = changes(held, held_now())
    if changed:
        raise Refused(f"pip changed what the base image holds: {'; '.join(changed)}")
    broken = pip.complaints() - known
    if broken:
        raise Refused(f"the packages do not fit together: {'; '.join(sorted(broken))}")


def record() -> None:
    """What the image holds in the end, as one number: machines that build it compare it before they start."""
    lines = "".join(
        f"{name}=={version} {content_of(name)}\n" for name, version in sorted(held_packages().items())
    )
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(f"packages@sha256:{hashlib.sha256(lines.encode()).hexdigest()}\n")


def content_of(name: str) -> str:
    """A hash over the hashes of its files; the same version may have been published again."""
    try:
        files = metadata.distribution(name).read_text("RECORD") or ""
    except metadata.PackageNotFoundError:
        files = ""
    # What pip itself writes beside the files differs with the way they came.
    lines = sorted(line for line in files.splitlines() if "sha256=" in line and ".dist-info/" not in line)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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
        lock = read_lock((HERE / "packages.lock").read_text())
        if pins:
            steps[arguments[0]](pins, lock, HERE / "wheels", Pip(environment(SECRETS)))
    except Refused as refused:
        sys.exit(f"cannot add Python packages: {refused}")


if __name__ == "__main__":
    main(sys.argv[1:])
