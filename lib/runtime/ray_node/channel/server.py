"""The HTTP server of the node program: signed requests of nodes of the cluster, answered by routes."""

import contextlib
import ipaddress
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

from ray_node.channel import signing

MAXIMUM_BODY_BYTES = 256 * 1024
#: Whoever is not on the cluster network is turned away at once while this many threads run.
_MANY_THREADS = 200


@dataclass(frozen=True)
class Request:
    client: str
    parameters: Mapping[str, str]
    byte_range: str
    body: bytes
    #: What follows a route that ends with a slash.
    name: str = ""


@dataclass(frozen=True)
class FilePart:
    """Bytes `start` to `end` (exclusive) of an open file; `sent` is called with the number that left."""

    file: BinaryIO
    start: int
    end: int
    sent: Callable[[int], None]


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    part: FilePart | None = None


Route = Callable[[Request], Reply]


@dataclass(frozen=True)
class Routes:
    """By method and path, e.g. `GET /ready`, or `GET /workload/` for what is below it.

    Called in the server's threads.
    """

    #: For signed requests from `network`.
    signed: Mapping[str, Route]
    network: ipaddress.IPv4Network
    token: str | None = field(repr=False)
    #: For everybody.
    public: Mapping[str, Route] = field(default_factory=dict)
    #: Called with the address of a client whose signature is wrong.
    on_wrong_token: Callable[[str], None] = lambda _: None
    timeout_seconds: float = 5.0


class Server:
    """Listens until `close`. Making it raises OSError when the port cannot be opened."""

    def __init__(self, address: str, port: int, routes: Routes) -> None:
        handler = type("Handler", (_Handler,), {"timeout": routes.timeout_seconds})
        self._server = _Server((address, port), handler)
        self._server.routes = routes
        name = f"server-{port}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name=name, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    routes: Routes

    def verify_request(self, request: object, client_address: object) -> bool:
        assert isinstance(client_address, tuple)
        return threading.active_count() < _MANY_THREADS or _is_on(self.routes.network, client_address[0])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "ray-node"
    sys_version = ""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        reply, signature = self._reply(f"{self.command} {path}", dict(urllib.parse.parse_qsl(query)))
        self.send_response(reply.status)
        part = reply.part
        length = len(reply.body) if part is None else part.end - part.start
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        if part is not None:
            self.send_header("Content-Range", f"bytes {part.start}-{part.end - 1}/*")
        if signature is not None:
            self.send_header(signing.SIGNATURE_HEADER, signature)
        self.end_headers()
        if part is None:
            self.wfile.write(reply.body)
        else:
            self._send_file(part)

    do_POST = do_GET

    def _reply(self, route: str, parameters: Mapping[str, str]) -> tuple[Reply, str | None]:
        """The reply and its signature. Refusals have none: whoever gets one may not hold the token."""
        routes, client = self.server.routes, str(self.client_address[0])
        if route in routes.public:
            return routes.public[route](Request(client, parameters, "", b"")), None
        if not _is_on(routes.network, client):
            return Reply(403, b"not on the cluster network"), None
        body = self._body()
        if isinstance(body, Reply):
            return body, None
        name = ""
        if route not in routes.signed:
            folder, _, name = route.rpartition("/")
            route = f"{folder}/"
        if route not in routes.signed:
            return Reply(404, b"unknown path"), None
        address = self.headers.get(signing.ADDRESS_HEADER, "")
        if address != client:
            return Reply(409, f"the request of '{address}' came from {client}".encode()), None
        nonce, byte_range = self.headers.get(signing.NONCE_HEADER, ""), self.headers.get("Range", "")
        signature = self.headers.get(signing.SIGNATURE_HEADER)
        words = (self.command, self.path, byte_range, address, nonce)
        if not signing.is_signed(signature, routes.token, body, *words):
            routes.on_wrong_token(client)
            return Reply(401, b"wrong token"), None
        reply = routes.signed[route](Request(client, parameters, byte_range, body, name))
        signs = reply.status == 200
        return reply, signing.sign(routes.token, reply.body, "answer", nonce) if signs else None

    def _body(self) -> bytes | Reply:
        if self.command == "GET":
            return b""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) == 0:
            return Reply(411, b"a body is needed")
        if int(length) > MAXIMUM_BODY_BYTES:
            return Reply(413, f"a body may have {MAXIMUM_BODY_BYTES} bytes, this one has {length}".encode())
        return self.rfile.read(int(length))

    def _send_file(self, part: FilePart) -> None:
        self.wfile.flush()
        sent = 0
        with contextlib.suppress(OSError), part.file as file:
            sent = self.connection.sendfile(file, part.start, part.end - part.start)
        part.sent(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: one comes every two seconds from every node."""


def _is_on(network: ipaddress.IPv4Network, address: str) -> bool:
    return ipaddress.ip_address(address) in network
