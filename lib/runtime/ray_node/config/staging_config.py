"""The part `staging` of node.json, and the request that a node makes of it."""

import ipaddress
from dataclasses import dataclass, field

from ray_node.config.reader import Reader
from ray_node.staging.request import (
    FETCH,
    RECEIVE,
    FanOut,
    HubSource,
    IndexSource,
    PathSource,
    Source,
    StagingRequest,
)

SHARED = "shared"
REPLICATED = "replicated"
_KINDS = ("huggingFace", "index", "path")


@dataclass(frozen=True)
class StagingConfig:
    source: Source
    destination: str
    placement: str
    parallel_files: int
    deadline_seconds: float

    @property
    def fans_out(self) -> bool:
        """Whether this node opens a file server."""
        return self.placement == REPLICATED and not isinstance(self.source, PathSource)


@dataclass(frozen=True)
class Place:
    """Who asks, as the node program knows it at run time."""

    cluster: str
    node: str
    is_head: bool
    address: str
    head_name: str
    head_address: str
    files_port: int
    subnet: ipaddress.IPv4Network
    token: str | None = field(repr=False)


def read(reader: Reader) -> StagingConfig:
    """Problems are noted in the reader."""
    return StagingConfig(
        source=_source(reader.child("source")),
        destination=reader.text("destination"),
        placement=reader.choice("placement", (SHARED, REPLICATED)),
        parallel_files=reader.integer("parallelFiles", 1, 64),
        deadline_seconds=reader.seconds("deadlineSeconds"),
    )


def request_of(config: StagingConfig, place: Place) -> StagingRequest:
    fan_out = FanOut(
        own_address=place.address,
        head_name=place.head_name,
        head_address=place.head_address,
        port=place.files_port,
        subnet=place.subnet,
        token=place.token,
    )
    return StagingRequest(
        source=config.source,
        destination=config.destination,
        cluster=place.cluster,
        node=place.node,
        role=FETCH if place.is_head else RECEIVE,
        fan_out=fan_out if config.fans_out else None,
        deadline_seconds=config.deadline_seconds,
        parallel_files=config.parallel_files,
    )


def _source(reader: Reader) -> Source:
    kind = reader.choice("kind", _KINDS)
    if kind == "path" or reader.value.get("kind") != kind:
        # What an unknown kind lacks says nothing to anybody.
        return PathSource()
    if kind == "index":
        index = reader.text("index")
        if "X-Amz-Signature" in index:
            # node.json is in Terraform's state and readable in the container.
            reader.note("index", "an address without signature, or the path of a file", "a presigned one")
        return IndexSource(name=reader.text("name"), index=index)
    try:
        return HubSource(
            repository=reader.text("repository"),
            revision=reader.text("revision"),
            endpoint=reader.text("endpoint"),
            token_file=reader.optional_text("tokenFile"),
            include=tuple(reader.text_list("include")),
            exclude=tuple(reader.text_list("exclude")),
        )
    except ValueError as error:
        reader.note("", f"a pinned model ({error})", "this")
        return PathSource()
