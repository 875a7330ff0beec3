"""Files that the engine reads, written by the head before each start. They hold no secret."""

from collections.abc import Sequence

from ray_node.config.engine_config import EngineText
from ray_node.host import whole_file
from ray_node.host.failure import EngineFailed


def write(texts: Sequence[EngineText]) -> None:
    """Raises EngineFailed."""
    for item in texts:
        try:
            whole_file.write(item.path, item.text)
        except OSError as error:
            raise EngineFailed(
                f"the engine's file {item.path} cannot be written: {error.strerror or error}"
            ) from error
