"""The part `staging` of node.json."""

from dataclasses import dataclass
from typing import Annotated, Literal

from ray_node.channel.plain import Variants
from ray_node.staging.request import HubSource, IndexSource, ModelScopeSource, PathSource, Source

#: Storage that all nodes see, or disks of their own.
Placement = Literal["shared", "replicated"]
_SOURCES = {
    "huggingFace": HubSource,
    "modelScope": ModelScopeSource,
    "index": IndexSource,
    "path": PathSource,
}


@dataclass(frozen=True)
class StagingConfig:
    source: Annotated[Source, Variants("kind", _SOURCES)]
    destination: str
    placement: Placement
    parallel_files: int
    deadline_seconds: float
    #: Whether the engine takes the tokenizer from the folder, too. Known from the engine, not in the file.
    needs_tokenizer: bool = False

    @property
    def title(self) -> str:
        """What staging does, for people."""
        if isinstance(self.source, PathSource):
            return f"looking for the model in {self.destination}"
        return f"fetching {self.source.identity} to {self.destination}"

    @property
    def fans_out(self) -> bool:
        """Whether this node opens a file server."""
        return self.placement == "replicated" and not isinstance(self.source, PathSource)
