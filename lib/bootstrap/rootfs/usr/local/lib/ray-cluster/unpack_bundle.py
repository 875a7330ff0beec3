"""Takes apart what all machines of a cluster fetch.

unpack_bundle.py BUNDLE CONTAINER_FILES [ROOT]

BUNDLE is a JSON object, from name to content. A name that begins with `host:` goes on with the path of a file
of this machine, below ROOT; all others are the container's, and go into CONTAINER_FILES as they came.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_HOST = "host:"


def write(path: Path, text: str) -> None:
    """At once, or not at all: it may be a program that runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o755 if path.suffix == ".sh" else 0o644)
    os.replace(draft, path)


def unpack(bundle: Path, container_files: Path, root: str) -> None:
    files: dict[str, str] = json.loads(bundle.read_bytes())
    for name, text in files.items():
        if name.startswith(_HOST):
            write(Path(root + name[len(_HOST) :]), text)
    rest = {name: text for name, text in files.items() if not name.startswith(_HOST)}
    # Not a new file each time: a container that runs has this one mounted.
    text = json.dumps(rest)
    if not container_files.exists() or container_files.read_text(encoding="utf-8") != text:
        write(container_files, text)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
