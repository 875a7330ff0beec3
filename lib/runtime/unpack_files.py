"""Unpacks a bundle, a JSON object from name to content.

unpack_files.py BUNDLE COMMAND [ARGUMENT ...]   in a container: its files, then execs the command
unpack_files.py --host BUNDLE [ROOT]            on a machine: its files, below ROOT

A name is an absolute path. With the prefix `host:` the file belongs to the machine, else to the container.
"""

from __future__ import annotations

import errno
import json
import os
import site
import sys
from pathlib import Path

HOST = "host:"
#: Folder of the node program's package.
PROGRAM = "/opt/ray-cluster"


def write(path: Path, content: bytes) -> None:
    """Replaces the file at once, and only if it differs: it may be a program that is running."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(content)
    draft.chmod(0o755 if path.suffix == ".sh" else 0o644)
    os.replace(draft, path)


def unpack(bundle: Path, of_host: bool, root: str = "") -> None:
    files: dict[str, str] = json.loads(bundle.read_bytes())
    for name, content in files.items():
        if name.startswith(HOST) == of_host:
            write(Path(root + (name[len(HOST) :] if of_host else name)), content.encode())


def make_importable(program: str = PROGRAM) -> None:
    """Lets every Python of the container import the node program, and keeps the image's own PYTHONPATH.

    A PYTHONPATH of the container would replace the image's, which CANN needs. What `docker exec` starts has
    only the image's: it finds the program by a file beside the installed packages.
    """
    own = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{program}:{own}" if own else program
    line = f"{program}\n".encode()
    try:
        write(Path(site.getsitepackages()[0], "ray-cluster.pth"), line)
    except OSError as error:
        # A read-only image: the packages of the user are not of it. A virtual environment does not see them.
        if error.errno != errno.EROFS or not site.ENABLE_USER_SITE:
            raise
        write(Path(site.getusersitepackages(), "ray-cluster.pth"), line)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--host"] and len(arguments) in (2, 3):
        unpack(Path(arguments[1]), True, *arguments[2:])
    elif len(arguments) > 1 and arguments[0] != "--host":
        bundle, *command = arguments
        unpack(Path(bundle), False)
        make_importable()
        os.execvp(command[0], command)
    else:
        sys.exit("usage: unpack_files.py BUNDLE COMMAND [ARGUMENT ...] | --host BUNDLE [ROOT]")


if __name__ == "__main__":
    main(sys.argv[1:])
