"""What is to be staged: from where, to where, and this node's part in it. Plain data without secrets."""

import fnmatch
import ipaddress
import re
from dataclasses import dataclass, field
from typing import ClassVar

from ray_node.channel.report import Replaced
from ray_node.channel.tls import Tls

FETCH = "fetch"
RECEIVE = "receive"


@dataclass(frozen=True)
class HubSource:
    """A repository of the Hugging Face hub or of a mirror of it, at a pinned commit."""

    #: The Python package that fetches; the head's image must have it.
    python_package: ClassVar[str] = "huggingface_hub"
    name: ClassVar[str] = "hub"

    repository: str
    #: 40 hexadecimal digits: a branch could change between two nodes or two starts.
    revision: str
    #: For example `https://huggingface.co`, or a mirror of it.
    endpoint: str
    #: Path of a file that holds the token, `None`: no token.
    token_file: str | None = None
    #: Shell patterns over the path in the repository; `*` matches `/`, too.
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"revision: must be a commit of 40 hexadecimal digits, got '{self.revision}'")
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", self.repository):
            raise ValueError(f"repository: must be '<owner>/<name>', got '{self.repository}'")

    @property
    def identity(self) -> str:
        """Names the content: a mirror of the hub holds the same. Other files chosen are another model."""
        chosen = "" if self.include == ("*",) else f" +{','.join(self.include)}"
        left_out = f" -{','.join(self.exclude)}" if self.exclude else ""
        return f"{self.name}:{self.repository}@{self.revision}{chosen}{left_out}"

    @property
    def secret_file(self) -> str | None:
        """Path of the file with what only the head may read; `None`: nothing."""
        return self.token_file

    @property
    def page(self) -> str:
        """Where a person asks for access."""
        return f"{self.endpoint.rstrip('/')}/{self.repository}"

    def wants(self, path: str) -> bool:
        """Whether the patterns choose the file."""

        def matches(patterns: tuple[str, ...]) -> bool:
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)

        return matches(self.include) and not matches(self.exclude)


@dataclass(frozen=True)
class ModelScopeSource(HubSource):
    """The same of ModelScope."""

    python_package: ClassVar[str] = "modelscope_hub"
    name: ClassVar[str] = "modelscope"

    @property
    def page(self) -> str:
        return f"{self.endpoint.rstrip('/')}/models/{self.repository}"


@dataclass(frozen=True)
class IndexSource:
    """Plain HTTPS, for example presigned URLs of S3: an index names every file, its size, SHA-256 and URL."""

    #: Names the content, for example the `s3://` address it was made from.
    name: str
    #: URL without a signature, or the path of a file on this node (an index of presigned URLs is a secret).
    index: str

    @property
    def identity(self) -> str:
        return f"index:{self.name}"

    @property
    def secret_file(self) -> str | None:
        """As of a hub."""
        return None if self.is_address else self.index

    @property
    def is_address(self) -> bool:
        """Whether `index` is a URL."""
        return self.index.startswith(("http://", "https://"))


@dataclass(frozen=True)
class PathSource:
    """The model lies in `destination` already, on every node or on storage that all of them see."""

    @property
    def identity(self) -> str:
        return "path"

    @property
    def secret_file(self) -> str | None:
        """As of a hub."""
        return None


Source = HubSource | IndexSource | PathSource


@dataclass(frozen=True)
class FanOut:
    """For disks of the nodes: the head fetches, the others get it from one another on the cluster network."""

    own_address: str
    head_name: str
    head_address: str
    #: Port of the file server, the same on every node.
    port: int
    subnet: ipaddress.IPv4Network
    #: The cluster's token; it signs requests.
    token: str = field(repr=False)
    #: `None`: in clear.
    tls: Tls | None = None


@dataclass(frozen=True)
class Pace:
    """How long and how often. Seconds, if not said otherwise; tests make them short."""

    heartbeat: float = 5.0
    #: A lease that has not changed for this long is broken. Far above NFS's caching of a file's content.
    lease_stale: float = 60.0
    poll: float = 0.5
    #: When the head's lease must show on shared storage: NFS caches a directory for up to 60 s.
    head_shows: float = 150.0
    network_timeout: float = 30.0
    #: Tries in a row without a single byte.
    attempts: int = 8
    backoff_first: float = 1.0
    backoff_longest: float = 60.0
    #: A source that asks for a longer pause is asked again after this one.
    retry_after_longest: float = 600.0
    #: An upstream node that has had nothing new for this long is passed over for a while.
    stall: float = 20.0


@dataclass(frozen=True)
class StagingRequest:
    source: Source
    #: The folder of this model alone; its name is decided by the plan, as the engine gets it as an argument.
    destination: str
    cluster: str
    node: str
    #: `fetch`: may use the source; `receive`: waits for the head's copy.
    role: str
    #: `None`: the destination is storage that all nodes see.
    fan_out: FanOut | None
    deadline_seconds: float
    parallel_files: int = 4
    #: `None`: there is none on this node's own disk.
    replaced: Replaced | None = None
    #: Whether the engine takes the tokenizer from the folder, too.
    needs_tokenizer: bool = False
    pace: Pace = field(default_factory=Pace)

    @property
    def asks_source(self) -> bool:
        """Whether this node fetches from the source; otherwise from other nodes, or not at all."""
        return self.role == FETCH or self.fan_out is None
