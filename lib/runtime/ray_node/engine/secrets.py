"""Secrets by name: files of a container that a process of the engine there gets as environment variables."""

from collections.abc import Mapping

from ray_node.host import log, regular_file
from ray_node.host.failure import EngineFailed


def read(files: Mapping[str, str]) -> dict[str, str]:
    """Variables and their values, which are never printed from now on. Raises EngineFailed.

    Read again at each start: a file may have been replaced. Line breaks around a value are ignored.
    """
    values = {}
    for variable, path in files.items():
        try:
            with regular_file.opened(path) as file:
                value = file.read().decode().strip()
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise EngineFailed(f"the secret {variable} cannot be read: {path}: {said}") from error
        if not value or "\0" in value:
            raise EngineFailed(f"the secret {variable} is {'empty' if not value else 'no text'}: {path}")
        log.hide(value)
        values[variable] = value
    return values
