"""The model's folder on disk: the files, what is half there, and the manifest that says that it is complete.

Everything of ours lies in `.staging`: `manifest.json` (written last), `finished.jsonl` (files whose checksum
was right), `parts/` (half files), `scratch/` (half files that do not grow in order), `leases/`. A file gets
its own name only when its checksum was right.
"""

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from ray_node.host import clock, json_input
from ray_node.staging import inside
from ray_node.staging.files import STAGING_FOLDER, Digest, ModelFile, in_order, parse, plain, total_bytes
from ray_node.staging.inside import LinkFound

_SCHEMA = 1


@dataclass(frozen=True)
class Manifest:
    """A complete model: what it is and its files."""

    model: str
    files: tuple[ModelFile, ...]

    @property
    def bytes(self) -> int:
        return total_bytes(self.files)


class ModelFolder:
    """One model's folder. Methods raise OSError as the file system gives it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.staging = os.path.join(path, STAGING_FOLDER)
        self.leases = os.path.join(self.staging, "leases")
        self.scratch = os.path.join(self.staging, "scratch")
        self._parts = os.path.join(self.staging, "parts")
        self._manifest = os.path.join(self.staging, "manifest.json")
        self._journal = os.path.join(self.staging, "finished.jsonl")

    def final(self, file: ModelFile) -> str:
        return os.path.join(self.path, *file.path.split("/"))

    def make_part_folder(self, file: ModelFile) -> None:
        """Raises LinkFound, OSError."""
        inside.make_folders(self.path, self.part(file))

    def part(self, file: ModelFile) -> str:
        return os.path.join(self._parts, *file.path.split("/")) + ".part"

    def manifest(self) -> Manifest | None:
        """The manifest, whether or not the files are still there; `None` without a readable one."""
        try:
            with inside.opened(self._manifest, "rb") as file:
                value = json_input.read(file.read(json_input.LISTING.size + 1), json_input.LISTING)
            if value["schema"] != _SCHEMA:
                return None
            return Manifest(str(value["model"]), in_order(parse(entry) for entry in value["files"]))
        except (FileNotFoundError, NotADirectoryError, LinkFound, ValueError, KeyError, TypeError):
            return None

    def missing(self, files: Iterable[ModelFile]) -> list[ModelFile]:
        """Files that are absent or of another size: one `stat` a file, no content is read."""
        linked: dict[str, bool] = {}
        return [file for file in files if self._size_of(file, linked) != file.size]

    def _size_of(self, file: ModelFile, linked: dict[str, bool]) -> int | None:
        """`None` for a file that is not there, or only by a link. `linked`: what is known of folders."""
        folder = os.path.dirname(file.path)
        if folder not in linked:
            linked[folder] = inside.is_linked(self.path, os.path.join(self.path, folder, ""))
        return None if linked[folder] else _size(self.final(file))

    def changed(self, files: Iterable[ModelFile], largest: int | None = None) -> list[ModelFile]:
        """Those whose content is not what the manifest says; only files up to `largest` bytes are read."""
        chosen = (file for file in files if largest is None or file.size <= largest)
        return [file for file in chosen if file.digest_of(self.final(file)) != file.digest.value]

    def write_manifest(self, manifest: Manifest, cluster: str, node: str) -> None:
        value = {
            "schema": _SCHEMA,
            "model": manifest.model,
            "bytes": manifest.bytes,
            "stagedAt": clock.stamp(),
            "stagedBy": {"cluster": cluster, "node": node},
            "files": [plain(file) for file in manifest.files],
        }
        draft = f"{self._manifest}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        with inside.opened(draft, "wb") as file:
            file.write((json.dumps(value, indent=1) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._manifest)
        _sync(self.staging)
        for leftover in (self._parts, self.scratch):
            shutil.rmtree(leftover, ignore_errors=True)

    def finished(self) -> dict[str, Digest]:
        """Files whose checksum has been right, by path: of an earlier manifest and of an interrupted run."""
        found: dict[str, Digest] = {}
        earlier = self.manifest()
        for file in earlier.files if earlier else ():
            found[file.path] = file.digest
        try:
            with inside.opened(self._journal, "rb") as journal:
                lines = journal.read(json_input.LISTING.size).decode(errors="replace").splitlines()
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                file = parse(json_input.read(line.encode()))
            except ValueError:
                # The last line of a run that was killed while writing it.
                continue
            found[file.path] = file.digest
        return found

    def accept(self, file: ModelFile) -> None:
        """The half file is whole and right: give it its name."""
        part, final = self.part(file), self.final(file)
        inside.make_folders(self.path, final)
        # Only the content must be safe before the journal praises it. A name or a line that a power cut takes
        # is noticed: the file is missing, or checked again.
        _sync(part)
        os.replace(part, final)
        self.note_finished(file)

    def note_finished(self, file: ModelFile) -> None:
        # The line starts with a line feed, in case that the last one was cut off.
        with inside.opened(self._journal, "ab") as journal:
            journal.write(("\n" + json.dumps(plain(file)) + "\n").encode())

    def bytes_present(self, files: Iterable[ModelFile]) -> int:
        """Of these files, in whole and in half ones."""
        listed = tuple(files)
        missing = self.missing(listed)
        return min(total_bytes(listed), total_bytes(listed) - total_bytes(missing) + self.bytes_in_parts())

    def bytes_in_parts(self) -> int:
        """In half files, of whatever model."""
        count = 0
        for top in (self._parts, self.scratch):
            for folder, _, names in os.walk(top):
                count += sum(_size(os.path.join(folder, name)) or 0 for name in names)
        return count

    def bytes_held(self) -> int:
        """What would be free without this model: its checked files and its half ones."""
        names = [os.path.join(self.path, *path.split("/")) for path in self.finished()]
        return sum(_size(name) or 0 for name in names) + self.bytes_in_parts()

    def discard(self) -> None:
        """Remove the model, whole or half: only files that staging has brought. The manifest goes first."""
        brought = self.finished()
        for name in (self._manifest, self._journal):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        _sync(self.staging)
        for path in brought:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.path, *path.split("/")))
        for leftover in (self._parts, self.scratch):
            shutil.rmtree(leftover, ignore_errors=True)

    def bytes_free(self) -> int:
        return shutil.disk_usage(self.path).free

    def available(self, file: ModelFile) -> tuple[str, int] | None:
        """Where the file's content lies now, and how many bytes of it there are."""
        # Twice: between the two looks the half file may have become the whole one.
        for path in (self.final(file), self.part(file), self.final(file)):
            size = _size(path)
            if size is not None and (path.endswith(".part") or size == file.size):
                return path, min(size, file.size)
        return None


def _size(path: str) -> int | None:
    """Of the file itself: a link in its place is not followed."""
    try:
        found = os.lstat(path)
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def _sync(path: str) -> None:
    """Makes the content of a file, or the names in a folder, last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
