"""The Docker engine on which machines live, through its own command line."""

import subprocess
from typing import IO

_SECONDS = 120


class DockerError(Exception):
    """A command of Docker that failed, with all that it printed."""


def docker(
    *arguments: str, data: bytes | None = None, file: IO[bytes] | None = None, seconds: float = _SECONDS
) -> str:
    """What the command printed; `data` or `file` is its standard input."""
    if file is None:
        done = subprocess.run(["docker", *arguments], input=data or b"", capture_output=True, timeout=seconds)
    else:
        done = subprocess.run(["docker", *arguments], stdin=file, capture_output=True, timeout=seconds)
    if done.returncode != 0:
        shown = " ".join(arguments)
        raise DockerError(f"docker {shown}: {done.stderr.decode(errors='replace').strip()}")
    return str(done.stdout.decode(errors="replace").strip())


def names(prefix: str) -> list[str]:
    """Containers whose names begin with a prefix, stopped ones, too."""
    everything = docker("ps", "--all", "--format", "{{.Names}}").split("\n")
    return [one for one in everything if one.startswith(f"{prefix}-")]


def remove(name: str) -> None:
    docker("rm", "--force", "--volumes", name)
