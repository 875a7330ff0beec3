"""A file that its readers see as a whole: the old content or the new."""

import contextlib
import os


def write(path: str, text: str) -> None:
    """Put `text` at `path`, readable for everybody, with the folders above it. Raises OSError."""
    _write(path, text.encode(), durable=False)


def write_durably(path: str, content: bytes) -> None:
    """The same, and once it returns the new content also survives a power failure. Raises OSError."""
    _write(path, content, durable=True)


def remove_durably(path: str) -> None:
    """Remove the file, if it is there; this, too, survives a power failure. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
        _sync_folder(os.path.dirname(path))


def rename_durably(path: str, other: str) -> None:
    """Put the file in place of `other`; this, too, survives a power failure. Raises OSError."""
    os.replace(path, other)
    _sync_folder(os.path.dirname(other))


def _write(path: str, content: bytes, durable: bool) -> None:
    draft = f"{path}.{os.getpid()}.new"
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        with open(draft, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            if durable:
                # Before the rename: else it may outlive a power failure that the content does not.
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
        if durable:
            _sync_folder(folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _sync_folder(folder: str) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
