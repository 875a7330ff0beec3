"""Files that the engine reads, written by the head before each start. They hold no secret."""

import contextlib
import os
from collections.abc import Sequence

from ray_node.config.schema import EngineText
from ray_node.host.failure import EngineFailed

_MODE = 0o644


def write(texts: Sequence[EngineText]) -> None:
    """Each file as a whole or not at all, with the folders above it. Raises EngineFailed."""
    for item in texts:
        draft = f"{item.path}.{os.getpid()}.new"
        try:
            os.makedirs(os.path.dirname(item.path), exist_ok=True)
            with open(draft, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(item.text)
            os.replace(draft, item.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise EngineFailed(
                f"the engine's file {item.path} cannot be written: {error.strerror or error}"
            ) from error
