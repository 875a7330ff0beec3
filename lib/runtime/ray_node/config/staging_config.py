"""The part `staging` of node.json, and the request that a node makes of it."""

import ipaddress
from dataclasses import dataclass, field
from typing import Annotated, Literal

from ray_node.channel.plain import Variants, within
from ray_node.config.values import Seconds, Text
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

_SOURCES = {"huggingFace": HubSource, "index": IndexSource, "path": PathSource}


@dataclass(frozen=True)
class StagingConfig:
    source: Annotated[Source, Variants("kind", _SOURCES)]
    destination: Text
    #: `shared`: storage that all nodes see; `replicated`: disks of their own.
    placement: Literal["shared", "replicated"]
    parallel_files: Annotated[int, within(1, 64)]
    deadline_seconds: Seconds

    @property
    def fans_out(self) -> bool:
        """Whether this node opens a file server."""
        return self.placement == "replicated" and not isinstance(self.source, PathSource)


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
