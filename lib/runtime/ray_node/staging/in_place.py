"""Whether a model that is in place already is whole: what a stat and the first bytes of each file can tell.

No weights are read. Forms: a Git LFS pointer begins with its version line; a safetensors file begins with
the length of its header (8 bytes, little-endian) and the header (JSON) with the offsets of all tensors in
what follows; an index names the file of each tensor (`weight_map`).
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ray_node.host import json_input
from ray_node.staging.failure import ModelMissing
from ray_node.staging.request import StagingRequest

_POINTER = b"version https://git-lfs.github.com/spec/v1"
#: A pointer has three short lines.
_POINTER_BYTES = 1024
#: What the safetensors library accepts at most.
_HEADER_BYTES = 100_000_000
_LENGTH_BYTES = 8
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.[a-z]+)")
#: One of them describes every model: Transformers, Mistral's own form, Diffusers, an adapter.
_CONFIGURATIONS = ("config.json", "params.json", "model_index.json", "adapter_config.json")
#: What tokenizers of Transformers, SentencePiece, tiktoken and Mistral are kept in.
_TOKENIZER = re.compile(
    r"(tokenizer|tokenization_|tekken|vocab|merges|spiece|sentencepiece).*|.*\.(tiktoken|spm|bpe)"
)
#: Of the files that are wrong.
_SHOWN = 3
#: Of a cache, in the order of preference: the branch that hubs call the default.
_BRANCHES = ("main", "master")


def whole(request: StagingRequest) -> Path:
    """The folder, if the model in it is whole. Raises ModelMissing."""
    folder = Path(request.destination)
    fix = "copy the model there on every node, or let the cluster fetch it"
    try:
        found = list(problems(folder, request.needs_tokenizer))
    except OSError as error:
        raise ModelMissing(f"no model at {folder} on {request.node}: {error.strerror}", fix=fix) from error
    if not found:
        return folder
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    reason = f"no usable model at {folder} on {request.node}: {'; '.join(found[:_SHOWN])}{more}"
    raise ModelMissing(reason, fix=fix)


def problems(folder: Path, needs_tokenizer: bool = False) -> Iterator[str]:
    """Everything that is wrong, each with the file. Raises OSError where the folder cannot be read.

    `needs_tokenizer`: the engine takes it from the folder, if the model is one of text.
    """
    within = _within_cache(folder)
    if within is not None:
        yield f"{folder} is a hub's cache; name the snapshot in it: {within}"
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
    if needs_tokenizer and weights and _is_of_text(folder) and not any(map(_TOKENIZER.fullmatch, names)):
        yield "there are weights, but no tokenizer (tokenizer.json, tokenizer.model, tekken.json, ...)"


def _is_of_text(folder: Path) -> bool:
    """Whether its configuration has a vocabulary; what is wrong with the configuration is found elsewhere."""
    try:
        found = json_input.read_file(str(folder / "config.json"), json_input.MODEL_FILE)
        return "vocab_size" in found or "vocab_size" in found.get("text_config", {})
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _within_cache(folder: Path) -> str | None:
    """How to name the model in a cache of huggingface_hub, or one of modelscope 1.39 (`snapshots/master`)."""
    names = sorted(entry.name for entry in folder.iterdir())
    if "snapshots" in names and not set(names).intersection(_CONFIGURATIONS):
        return _path(_snapshot(folder))
    caches = [folder / name for name in names if name.startswith("models--") and (folder / name).is_dir()]
    return " or ".join(_path(_snapshot(cache)) for cache in caches[:3]) if caches else None


def _snapshot(cache: Path) -> Path:
    """The one of the default branch, else the newest, else the form."""
    snapshots = cache / "snapshots"
    for branch in _BRANCHES:
        with contextlib.suppress(OSError):
            found = snapshots / (cache / "refs" / branch).read_text(encoding="ascii").strip()
            if found.is_dir():
                return found
        if (snapshots / branch).is_dir():
            return snapshots / branch
    present = list(snapshots.iterdir()) if snapshots.is_dir() else []
    return max(present, key=lambda one: one.stat().st_mtime, default=snapshots / "<commit>")


def _path(folder: Path) -> str:
    return f"ModelSource.path('{folder}')"


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
            header = json_input.read(file.read(length), json_input.MODEL_FILE)
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            wanted = _LENGTH_BYTES + length + max(ends, default=0)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return "has a header that cannot be read"
    return None if size == wanted else f"has {size} bytes, its header says {wanted}"


def _index(folder: Path, path: Path) -> Iterator[str]:
    name = path.relative_to(folder)
    try:
        listed = set(json_input.read_file(str(path), json_input.MODEL_FILE)["weight_map"].values())
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
