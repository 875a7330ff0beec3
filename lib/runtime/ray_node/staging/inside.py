"""Files of a model's folder: whoever can write there may have planted links, and none of them is followed.

A link in the folder's own path is the owner's. One below `.staging`, or in place of a file or a folder of the
model, would make this program (root) read or overwrite what lies behind it.
"""

import os
import stat
from typing import BinaryIO

_FLAGS = {
    "rb": os.O_RDONLY,
    "ab": os.O_WRONLY | os.O_APPEND | os.O_CREAT,
    "wb": os.O_WRONLY | os.O_TRUNC | os.O_CREAT,
}


class LinkFound(OSError):
    """`filename` is a link, or something else that is no file or folder."""


def opened(path: str, mode: str) -> BinaryIO:
    """The file itself, never what a link in its place points to. Raises LinkFound, OSError."""
    flags = _FLAGS[mode] | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        if os.path.islink(path):
            raise LinkFound(error.errno, "is a link", path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LinkFound(None, "is no file", path)
    buffering = 0 if mode == "rb" else -1
    return os.fdopen(descriptor, mode, buffering)  # type: ignore[return-value]


def is_linked(root: str, path: str) -> bool:
    """Whether a folder on the way from `root` down to `path` is a link."""
    try:
        check(root, path)
    except LinkFound:
        return True
    return False


def check(root: str, path: str) -> None:
    """Raises LinkFound when a folder on the way from `root` down to `path` is a link."""
    at = root
    for part in os.path.relpath(os.path.dirname(path), root).split(os.sep):
        at = os.path.join(at, part)
        if part != os.curdir and os.path.islink(at):
            raise LinkFound(None, "is a link", at)


def make_folders(root: str, path: str) -> None:
    """The folders from `root` down to the file `path`. Raises LinkFound, OSError."""
    check(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
