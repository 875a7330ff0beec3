"""The part `engine` of the workload."""

from dataclasses import dataclass
from typing import Any, Final, Literal

SERVE: Final = "serve"
JOB: Final = "job"
NONE: Final = "none"


@dataclass(frozen=True)
class ProofRequest:
    kind: Literal["chat", "completion", "embedding", "rerank", "pooling", "transcription", "custom"]
    path: str
    body: dict[str, Any]
    #: Text that the answer must contain.
    expect: str | None


@dataclass(frozen=True)
class EngineTls:
    #: PEM file of authorities, which may be the engine's own certificate; `None`: those of the system.
    authority: str | None
    #: Name in the certificate; `None`: it is not compared.
    server_name: str | None


@dataclass(frozen=True)
class EngineApi:
    port: int
    health_path: str
    served_model: str
    #: In their order: one is sent where the engine has refused those before it.
    proof: tuple[ProofRequest, ...]
    #: `None`: plain HTTP.
    tls: EngineTls | None
    #: File with one key in each line. The head's requests carry the first; `None`: no key is asked for.
    api_key_file: str | None
    #: How many servers the answer of the health path must list, an object with an entry for each; `None`: its
    #: status counts.
    servers: int | None


@dataclass(frozen=True)
class FollowerCommand:
    """What every node with accelerators but the head runs, as rank 1, 2, ..., with the engine's secrets."""

    argv: tuple[str, ...]
    rank_flag: str

    def of_rank(self, rank: int) -> list[str]:
        return [*self.argv, self.rank_flag, str(rank)]


@dataclass(frozen=True)
class EngineText:
    """A file that the head writes before each start of the engine."""

    path: str
    text: str


@dataclass(frozen=True)
class Requirements:
    """What the image of every node must hold: programs in PATH, modules that Python finds, files."""

    programs: tuple[str, ...]
    python_modules: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    name: str
    #: `serve`: answers requests; `job`: runs to its end; `none`: nothing runs.
    kind: Literal["serve", "job", "none"]
    #: Run on the head; empty for `none`.
    argv: tuple[str, ...]
    #: There exactly when the engine serves.
    api: EngineApi | None
    #: Files of secrets by the variable of the engine's processes that gets the content. Only containers
    #: with such a process have the files.
    secrets: dict[str, str]
    follower: FollowerCommand | None
    #: Variables that the engine's processes must not see.
    withheld: tuple[str, ...]
    #: Empty on workers.
    texts: tuple[EngineText, ...]
    #: `None`: where the node program runs.
    working_directory: str | None
    requires: Requirements
