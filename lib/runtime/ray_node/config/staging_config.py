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
class StagedModel:
    #: `model`, or what it is to the engine: `draft-model`.
    name: str
    source: Annotated[Source, Variants("kind", _SOURCES)]
    destination: str
    placement: Placement
    #: Whether the engine takes the tokenizer from the folder, too. Known from the engine, not in the file.
    needs_tokenizer: bool = False

    @property
    def title(self) -> str:
        """What staging does, for people."""
        if isinstance(self.source, PathSource):
            return f"looking for the {self.name} in {self.destination}"
        return f"fetching {self.source.identity} to {self.destination}"

    @property
    def fans_out(self) -> bool:
        """Whether nodes take it from one another."""
        return self.placement == "replicated" and not isinstance(self.source, PathSource)


@dataclass(frozen=True)
class StagingConfig:
    #: In the order in which they are brought; the engine takes the tokenizer from the first.
    models: tuple[StagedModel, ...]
    parallel_files: int
    #: For all models together.
    deadline_seconds: float

    @property
    def title(self) -> str:
        """What staging does, for people."""
        return ", ".join(model.title for model in self.models)

    @property
    def fans_out(self) -> bool:
        """Whether this node opens a file server."""
        return any(model.fans_out for model in self.models)
