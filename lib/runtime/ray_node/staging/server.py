"""Serves this node's copy of the model to the other nodes, also while it is still growing."""

import contextlib
import ipaddress
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

from ray_node.channel import report
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.files import ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.peer_protocol import Listing
from ray_node.staging.request import FanOut

_TIMEOUT_SECONDS = 30.0
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class FileServer:
    """Read-only, for nodes of the subnet. Opened once a node and closed with it; empty until `offer`."""

    def __init__(self, fan_out: FanOut) -> None:
        """Raises OSError when the port cannot be opened."""
        self._fan_out = fan_out
        self._lock = threading.Lock()
        self._model = ""
        self._folder: ModelFolder | None = None
        self._files: dict[str, ModelFile] | None = None
        self._failure: str | None = None
        self._chain: list[str] = []
        self._served_bytes = 0

        class Handler(_Handler):
            server_of_files = self
            secret = fan_out.token
            network = fan_out.subnet

        self._server = _Server((fan_out.own_address, fan_out.port), Handler)
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="files", daemon=True)
        thread.start()

    @property
    def served_bytes(self) -> int:
        """Bytes of files sent to other nodes."""
        with self._lock:
            return self._served_bytes

    def offer(self, model: str, folder: ModelFolder, files: tuple[ModelFile, ...]) -> None:
        """From now on serve these files, as far as they are there."""
        with self._lock:
            self._model, self._folder, self._failure = model, folder, None
            self._files = {file.path: file for file in files}

    def fail(self, model: str, reason: str | None) -> None:
        """Tell those who wait why nothing comes; `None`: it is tried again."""
        with self._lock:
            self._model, self._failure = model, reason

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def listing(self, asked_by: str) -> Listing:
        """Nodes form a chain in the order in which they ask: each takes from the one before it.

        So every node sends the model once, whatever their number, and the source sends it once to the head.
        """
        with self._lock:
            if asked_by not in self._chain:
                self._chain.append(asked_by)
            before = self._chain[: self._chain.index(asked_by)]
            files = None if self._files is None else tuple(self._files.values())
            upstreams = (*reversed(before), self._fan_out.own_address)
            return Listing(self._model, files, self._failure, upstreams)

    def find(self, model: str, path: str) -> tuple[str, int] | None:
        """Where the content lies and how many bytes there are; `None`: not a file of this model.

        Raises LookupError when this node has given up and has nothing to wait for.
        """
        with self._lock:
            folder, files, failure = self._folder, self._files, self._failure
            if model != self._model or folder is None or files is None or path not in files:
                return None
            file = files[path]
        found = folder.available(file) or ("", 0)
        if failure is not None and found[1] < file.size:
            raise LookupError(failure)
        return found

    def note_served(self, count: int) -> None:
        with self._lock:
            self._served_bytes += count


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A node that goes away in the middle is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server_of_files: FileServer
    secret: str | None
    network: ipaddress.IPv4Network
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS
    server_version = "ray-node"
    sys_version = ""

    def do_GET(self) -> None:
        client = str(self.client_address[0])
        nonce = self.headers.get(protocol.NONCE_HEADER, "")
        byte_range = self.headers.get("Range", "")
        signature = self.headers.get(report.SIGNATURE_HEADER)
        if ipaddress.ip_address(client) not in self.network:
            return self._refuse(403, "not on the cluster network")
        if not protocol.is_request_signed(self.path, byte_range, client, nonce, signature, self.secret):
            return self._refuse(401, "wrong token")
        path, _, query = self.path.partition("?")
        parameters = dict(urllib.parse.parse_qsl(query))
        if path == protocol.LIST_PATH:
            body = protocol.encode_listing(self.server_of_files.listing(client), nonce)
            return self._send(200, body, report.sign(body, self.secret))
        if path == protocol.FILE_PATH:
            model = parameters.get(protocol.MODEL_PARAMETER, "")
            return self._send_file(model, parameters.get(protocol.FILE_PARAMETER, ""), byte_range)
        return self._refuse(404, "unknown path")

    def _send_file(self, model: str, path: str, byte_range: str) -> None:
        wanted = _RANGE.fullmatch(byte_range)
        if wanted is None:
            return self._refuse(400, "a range is needed")
        try:
            found = self.server_of_files.find(model, path)
        except LookupError as error:
            return self._refuse(503, f"this node has given up: {error}")
        if found is None:
            return self._refuse(404, "not known here so far")
        name, available = found
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, available)
        if end <= start:
            return self._send(204, b"", None)
        try:
            with open(name, "rb") as file:
                return self._send_part(file, start, end)
        except FileNotFoundError:
            # The half file has just become the whole one.
            return self._send(204, b"", None)

    def _send_part(self, file: BinaryIO, start: int, end: int) -> None:
        self.send_response(206)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/*")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        sent = 0
        with contextlib.suppress(OSError):
            sent = self.connection.sendfile(file, start, end - start)
        self.server_of_files.note_served(sent)

    def _refuse(self, code: int, why: str) -> None:
        self._send(code, why.encode(), None)

    def _send(self, code: int, body: bytes, signature: str | None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        if signature is not None:
            self.send_header(report.SIGNATURE_HEADER, signature)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: there are many."""
