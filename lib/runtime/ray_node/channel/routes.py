"""What a server answers, and to whom."""

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ray_node.channel.file_part import FilePart
from ray_node.host import refusals

#: Of threads for signed requests.
_WORKERS = 8


@dataclass(frozen=True)
class Request:
    client: str
    parameters: Mapping[str, str]
    byte_range: str
    body: bytes
    #: What follows a route that ends with a slash.
    name: str = ""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    part: FilePart | None = None


Route = Callable[[Request], Reply]


@dataclass(frozen=True)
class Routes:
    """By method and path, e.g. `GET /ready`, or `GET /workload/` for what is below it."""

    #: For signed requests from `network`.
    signed: Mapping[str, Route]
    network: ipaddress.IPv4Network
    token: str = field(repr=False)
    #: `None`: in clear.
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    #: Signed routes that never wait: they are called in the server's own thread. All others have one each.
    quick: frozenset[str] = frozenset()
    #: For everybody.
    public: Mapping[str, Route] = field(default_factory=dict)
    #: Called with the address of a client whose signature is wrong.
    on_wrong_token: Callable[[str], None] = lambda _: None
    #: Threads for signed requests.
    workers: int = _WORKERS

    def find(self, route: str) -> tuple[str, str] | None:
        """The key of a signed route, and what follows it."""
        if route in self.signed:
            return route, ""
        folder, _, name = route.rpartition("/")
        return (f"{folder}/", name) if f"{folder}/" in self.signed else None


def served(handler: Route, request: Request, channel: str) -> Reply:
    """What the handler answers; one that fails is counted and answers for itself."""
    try:
        return handler(request)
    except Exception as error:
        refusals.note(channel, "internal", f"{request.client}: {error!r}")
        return Reply(500, b"internal error")
