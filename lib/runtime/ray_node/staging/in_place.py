"""Whether a model that is in place already is whole: what a stat and the first bytes of each file can tell.

No weights are read. Forms: a Git LFS pointer begins with its version line; a safetensors file begins with
the length of its header (8 bytes, little-endian) and the header (JSON) with the offsets of all tensors in
what follows; an index names the file of each tensor (`weight_map`).
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_POINTER = b"version https://git-lfs.github.com/spec/v1"
#: A pointer has three short lines.
_POINTER_BYTES = 1024
#: What the safetensors library accepts at most.
_HEADER_BYTES = 100_000_000
_LENGTH_BYTES = 8
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.[a-z]+)")
#: One of them describes every model: Transformers, Mistral's own form, Diffusers, an adapter.
_CONFIGURATIONS = ("config.json", "params.json", "model_index.json", "adapter_config.json")


def problems(folder: Path) -> Iterator[str]:
    """Everything that is wrong, each with the file. Raises OSError where the folder cannot be read."""
    snapshots = _snapshots(folder)
    if snapshots:
        yield (
            f"{folder} is a cache of huggingface_hub; name the snapshot in it: "
            f"ModelSource.path('{snapshots[-1]}')"
        )
        return
    files = list(_files(folder))
    if not any(size for _, size in files):
        yield "the folder holds no file"
        return
    names = {str(path.relative_to(folder)) for path, size in files if size is not None}
    for path, size in files:
        yield from _file(folder, path, size)
    yield from _shards(names)
    weights = [name for name in names if name.endswith(".safetensors") and "/" not in name]
    if weights and not names.intersection(_CONFIGURATIONS):
        yield f"there are weights, but none of {', '.join(_CONFIGURATIONS)}"


def _snapshots(folder: Path) -> Sequence[Path]:
    snapshots = folder / "snapshots"
    return sorted(snapshots.iterdir()) if (folder / "refs").is_dir() and snapshots.is_dir() else ()


def _files(folder: Path) -> Iterator[tuple[Path, int | None]]:
    """With their sizes; `None`: a link to nothing. What begins with a dot belongs to Git, hubs and us."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry)
            continue
        try:
            yield entry, entry.stat().st_size
        except FileNotFoundError:
            yield entry, None


def _file(folder: Path, path: Path, size: int | None) -> Iterator[str]:
    name = path.relative_to(folder)
    if size is None:
        yield f"{name} is a link to {os.readlink(path)}, which is not there: mount the whole cache"
        return
    if size <= _POINTER_BYTES and path.read_bytes().startswith(_POINTER):
        yield f"{name} is a Git LFS pointer of {size} bytes, not the file: run `git lfs pull` in the folder"
    elif path.suffix == ".safetensors":
        wrong = _safetensors(path, size)
        if wrong is not None:
            yield f"{name} {wrong}"
    elif path.name.endswith(".index.json"):
        yield from _index(folder, path)


def _safetensors(path: Path, size: int) -> str | None:
    """What is wrong; `None`: header and length agree."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or length > min(_HEADER_BYTES, size):
            return f"is no safetensors file, or cut off: {size} bytes"
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            wanted = _LENGTH_BYTES + length + max(ends, default=0)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return "has a header that cannot be read"
    return None if size == wanted else f"has {size} bytes, its header says {wanted}"


def _index(folder: Path, path: Path) -> Iterator[str]:
    name = path.relative_to(folder)
    try:
        listed = set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        yield f"{name} cannot be read as an index of weights"
        return
    missing = sorted(str(file) for file in listed if not (path.parent / str(file)).exists())
    if missing:
        yield f"{len(missing)} of {len(listed)} files of {name} are missing: {_some(missing)}"


def _shards(names: set[str]) -> Iterator[str]:
    """`model-00001-of-00005.safetensors` says itself how many there are; an index may be missing."""
    sets = {
        (match["stem"], match["count"], match["suffix"]) for match in map(_SHARD.fullmatch, names) if match
    }
    for stem, count, suffix in sorted(sets):
        whole = [f"{stem}-{number:05d}-of-{count}{suffix}" for number in range(1, int(count) + 1)]
        missing = [name for name in whole if name not in names]
        has_index = f"{stem}{suffix}.index.json" in names
        if missing and not has_index:
            yield f"{len(missing)} of {int(count)} parts are missing: {_some(missing)}"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - 3
    return ", ".join(names[:3]) + (f" and {rest} more" if rest > 0 else "")
