"""The files of a model: path, size and checksum, as the source lists them and as nodes pass them on."""

import contextlib
import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ray_node.host import text
from ray_node.staging import inside

SHA256 = "sha256"
#: Git's name of a blob: SHA-1 over a header with the size, then the content. For files that are not in LFS.
GIT_SHA1 = "git-sha1"
_VALUES = {SHA256: re.compile("[0-9a-f]{64}"), GIT_SHA1: re.compile("[0-9a-f]{40}")}
#: Our own folder inside the model's.
STAGING_FOLDER = ".staging"
_CHUNK_BYTES = 1024 * 1024
#: 1 PB.
_LARGEST_BYTES = 10**15
_LONGEST_PATH = 1024
_LONGEST_NAME = 250


class BadListing(ValueError):
    """A list of files that cannot be one; the text holds nothing that a source may keep secret."""


@dataclass(frozen=True)
class Digest:
    kind: str
    #: Lower-case hexadecimal.
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


@dataclass(frozen=True)
class ModelFile:
    #: Relative, with `/`.
    path: str
    #: Bytes.
    size: int
    digest: Digest

    def digest_of(self, path: str) -> str:
        """The same digest of what lies at `path`. Raises OSError."""
        if self.digest.kind == SHA256:
            hasher = hashlib.sha256()
        else:
            hasher = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        with inside.opened(path, "rb") as content:
            while chunk := content.read(_CHUNK_BYTES):
                hasher.update(chunk)
        return hasher.hexdigest()


@contextlib.contextmanager
def growing(part: str, file: ModelFile) -> Iterator[BinaryIO]:
    """The half file, open at its end. One that is longer than the whole starts over."""
    with inside.opened(part, "ab") as target:
        if target.tell() > file.size:
            target.truncate(0)
        target.seek(0, os.SEEK_END)
        yield target


def total_bytes(files: Iterable[ModelFile]) -> int:
    return sum(file.size for file in files)


def plain(file: ModelFile) -> dict[str, object]:
    """As JSON holds it."""
    return {"path": file.path, "size": file.size, file.digest.kind: file.digest.value}


def parse(value: Any) -> ModelFile:
    """The inverse of `plain`. Raises ValueError for anything that must not be written to a disk."""
    if not isinstance(value, dict):
        raise BadListing("an entry of the list is not an object")
    path, size = value.get("path"), value.get("size")
    kind = SHA256 if SHA256 in value else GIT_SHA1
    return checked(path, size, kind, value.get(kind))


def checked(path: Any, size: Any, kind: str, digest: Any) -> ModelFile:
    """A file from untrusted values. Raises ValueError."""
    if not isinstance(path, str) or not _is_safe(path):
        raise BadListing(f"not a path inside the model's folder: {_shown(path)}")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_BYTES:
        raise BadListing(f"{path}: not a size: {_shown(size)}")
    if not isinstance(digest, str) or not _VALUES[kind].fullmatch(digest.lower()):
        raise BadListing(f"{path}: not a {kind}: {_shown(digest)}")
    return ModelFile(path, size, Digest(kind, digest.lower()))


def in_order(files: Iterable[ModelFile]) -> tuple[ModelFile, ...]:
    """By path, so that every node fetches in the same order. Raises ValueError when a path comes twice."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    for before, after in itertools.pairwise(ordered):
        if before.path == after.path:
            raise BadListing(f"{after.path} is listed twice")
    paths = {file.path for file in ordered}
    for path in paths:
        for end, letter in enumerate(path):
            if letter == "/" and path[:end] in paths:
                raise BadListing(f"{path[:end]} is listed as a file and as a folder")
    return ordered


def _shown(value: object) -> str:
    """A path may be an address with a signature by mistake."""
    if isinstance(value, int) and value.bit_length() < 64:
        return str(value)
    return f"'{text.without_addresses(value, 80)}'" if isinstance(value, str) else type(value).__name__


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return (
        len(path) <= _LONGEST_PATH
        and not any(part in ("", ".", "..") or len(part.encode()) > _LONGEST_NAME for part in parts)
        and parts[0] != STAGING_FOLDER
        and "\\" not in path
        and path.isprintable()
    )
