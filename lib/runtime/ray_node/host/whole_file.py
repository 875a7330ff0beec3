"""A file that its readers see as a whole: the old content or the new."""

import contextlib
import os


def write(path: str, text: str) -> None:
    """Put `text` at `path`, readable for everybody, with the folders above it. Raises OSError."""
    draft = f"{path}.{os.getpid()}.new"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(draft, "w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
        os.replace(draft, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
