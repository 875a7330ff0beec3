"""Puts repositories at a commit into an image, and installs what their requirements files name.

    image_source.py fetch TEXT      the repositories into a folder beside this program
    image_source.py install TEXT    into the image, with their requirements

Runs while a derived image is built, with the git and the pip of its base. A requirements file is its author's
word on what the source needs, so it may change what the base holds; only the packages that the declaration
keeps are constraints. What became of the others is printed.

TEXT is not read. The builder's error repeats the command line of the step that failed, and nothing else.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import python_packages
from package_versions import Refused, changes, constraints, normal
from python_packages import Pip, held_now

HERE = Path(__file__).resolve().parent
FETCHED = "sources"
#: Credentials of private repositories, in the format of git's own store.
CREDENTIALS = "git-credentials"
#: How a distribution installs git: into a stage of the build that is thrown away.
PACKAGE_MANAGERS = {
    "apt-get": [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]],
    "dnf": [["dnf", "install", "-y", "-q"]],
    "yum": [["yum", "install", "-y", "-q"]],
    "apk": [["apk", "add", "--quiet"]],
}


@dataclass(frozen=True)
class Source:
    repository: str
    commit: str
    #: Path in the repository; `None`: nothing is installed.
    requirements: str | None
    #: Path in the image.
    folder: str
    #: Names of packages that stay as the base has them.
    keep: Sequence[str]
    #: What the image is declared to hold in the end; `None`: another step brings it.
    ray_version: str | None


def read_sources(text: str) -> list[Source]:
    return [
        Source(
            entry["repository"],
            entry["commit"],
            entry["requirements"],
            entry["folder"],
            entry["keep"],
            entry["rayVersion"],
        )
        for entry in json.loads(text)
    ]


class Git:
    """The git of the image, which gets one where it has none."""

    def __init__(self, variables: Mapping[str, str], secrets: Path) -> None:
        # A question for a password would wait until the build's deadline.
        self._variables = {**variables, "GIT_TERMINAL_PROMPT": "0", "GIT_ADVICE": "0"}
        authorities = secrets / "certificate-authorities"
        if authorities.exists():
            self._variables["GIT_SSL_CAINFO"] = str(authorities)
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
            if name in self._variables:
                # git and package managers read plain HTTP's proxy in lower case only.
                self._variables[name.lower()] = self._variables[name]
        credentials = secrets / CREDENTIALS
        self._options = ["-c", "init.defaultBranch=source", "-c", "safe.directory=*"]
        if credentials.exists():
            self._options += ["-c", f"credential.helper=store --file={credentials}"]
        if shutil.which("git") is None:
            self._install()

    def _install(self) -> None:
        manager = next((name for name in PACKAGE_MANAGERS if shutil.which(name)), None)
        if manager is None:
            raise Refused("the base image has neither git nor a package manager: use a base that holds git")
        *before, last = PACKAGE_MANAGERS[manager]
        names = ["git", "ca-certificates"]
        for command in [*before, [*last, *names]]:
            if subprocess.run(command, env=self._variables, check=False).returncode != 0:
                raise Refused(f"the base image has no git, and {manager} could not install it; see above")

    def fetch(self, source: Source, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._need(folder, "init", "--quiet")
        self._need(folder, "remote", "add", "origin", source.repository)
        # Some servers give a commit only with the branch that it is on.
        if self._run(folder, "fetch", "--quiet", "--depth", "1", "origin", source.commit) != 0:
            print(f"{source.repository} does not give a single commit; fetching all of it", flush=True)
            if self._run(
                folder, "fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"
            ):
                raise Refused(f"git could not fetch {source.repository}; see above")
        if self._run(folder, "checkout", "--quiet", "--detach", source.commit) != 0:
            raise Refused(f"{source.repository} has no commit {source.commit}")

    def _need(self, folder: Path, *arguments: str) -> None:
        if self._run(folder, *arguments) != 0:
            raise Refused(f"git {arguments[0]} failed; see above")

    def _run(self, folder: Path, *arguments: str) -> int:
        command = ["git", *self._options, *arguments]
        return subprocess.run(command, cwd=folder, env=self._variables, check=False).returncode


def fetch(sources: Sequence[Source], folder: Path, variables: Mapping[str, str], secrets: Path) -> None:
    folder.mkdir()
    if not sources:
        return
    git = Git(variables, secrets)
    for index, source in enumerate(sources):
        git.fetch(source, folder / str(index))
        if source.requirements is not None and not (folder / str(index) / source.requirements).is_file():
            raise Refused(f"{source.repository} has no file {source.requirements} at {source.commit}")


def install(sources: Sequence[Source], folder: Path, variables: Mapping[str, str]) -> None:
    for index, source in enumerate(sources):
        target = Path(source.folder)
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise Refused(f"the base image holds {target} already: choose another folder for the source")
        shutil.copytree(folder / str(index), target, symlinks=True, dirs_exist_ok=True)
        if source.requirements is not None:
            install_requirements(source, Pip(variables))
    declared = next((source.ray_version for source in reversed(sources) if source.ray_version), None)
    held = held_now().get("ray") if declared is not None else None
    if declared != held:
        raise Refused(
            f"the image is declared with Ray {declared}, and holds {held or 'none'}: correct rayVersion"
        )


def install_requirements(source: Source, pip: Pip) -> None:
    before = held_now()
    kept = {normal(name) for name in source.keep}
    with tempfile.TemporaryDirectory() as temporary:
        limits = Path(temporary, "constraints.txt")
        limits.write_text(constraints({name: before[name] for name in kept if name in before}))
        assert source.requirements is not None
        if not pip.install_requirements(source.requirements, Path(source.folder), limits):
            raise Refused(
                f"pip could not install {source.requirements} and keep what is kept "
                f"({', '.join(sorted(kept & set(before))) or 'nothing that the base holds'}); see above"
            )
    changed = changes(before, held_now())
    for line in [*changed, *sorted(pip.complaints())]:
        print(f"{source.requirements}: {line}", flush=True)
    lost = [line for line in changed if line.split()[0] in kept]
    if lost:
        raise Refused(f"pip changed what is to be kept: {'; '.join(lost)}")


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] not in ("fetch", "install"):
        sys.exit("usage: image_source.py fetch|install TEXT")
    try:
        sources = read_sources((HERE / "sources.json").read_text())
        variables = python_packages.environment(python_packages.SECRETS)
        if arguments[0] == "fetch":
            fetch(sources, HERE / FETCHED, variables, python_packages.SECRETS)
        else:
            install(sources, HERE / FETCHED, variables)
    except Refused as refused:
        sys.exit(f"cannot add a source: {refused}")


if __name__ == "__main__":
    main(sys.argv[1:])
