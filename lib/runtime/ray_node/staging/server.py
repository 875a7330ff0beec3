"""Serves this node's copy of the model to the other nodes, also while it is still growing."""

import re
import threading

from ray_node.channel import plain
from ray_node.channel.server import FilePart, Reply, Request, Routes, Server
from ray_node.staging import files as model_files
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.files import ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.peer_protocol import Listing
from ray_node.staging.request import FanOut

_TIMEOUT_SECONDS = 30.0
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class FileServer:
    """Read-only, for nodes of the subnet. Opened once per node and closed with it; empty until `offer`."""

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

        routes = Routes(
            {f"GET {protocol.LIST_PATH}": self._send_list, f"GET {protocol.FILE_PATH}": self._send_file},
            fan_out.subnet,
            fan_out.token,
            timeout_seconds=_TIMEOUT_SECONDS,
        )
        self._server = Server(fan_out.own_address, fan_out.port, routes)

    @property
    def served_bytes(self) -> int:
        """Bytes of files sent to other nodes."""
        with self._lock:
            return self._served_bytes

    def offer(self, model: str, folder: ModelFolder, files: tuple[ModelFile, ...]) -> None:
        """From now on serve these files, as far as they have arrived."""
        with self._lock:
            self._model, self._folder, self._failure = model, folder, None
            self._files = {file.path: file for file in files}

    def fail(self, model: str, reason: str | None) -> None:
        """Tell waiting nodes why nothing comes; `None`: it is being retried."""
        with self._lock:
            self._model, self._failure = model, reason

    def close(self) -> None:
        self._server.close()

    def listing(self, asked_by: str) -> Listing:
        """Nodes form a chain in the order in which they ask: each takes from the one before it.

        So every node sends the model once, whatever their number, and the source sends it once to the head.
        """
        with self._lock:
            if asked_by not in self._chain:
                self._chain.append(asked_by)
            before = self._chain[: self._chain.index(asked_by)]
            files = None if self._files is None else tuple(map(model_files.plain, self._files.values()))
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

    def _send_list(self, request: Request) -> Reply:
        return Reply(200, plain.to_message(self.listing(request.client)))

    def _send_file(self, request: Request) -> Reply:
        wanted = _RANGE.fullmatch(request.byte_range)
        if wanted is None:
            return Reply(400, b"a range is needed")
        try:
            found = self.find(request.parameters.get("model", ""), request.parameters.get("path", ""))
        except LookupError as error:
            return Reply(503, f"this node has given up: {error}".encode())
        if found is None:
            return Reply(404, b"not known here yet")
        name, available = found
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, available)
        if end <= start:
            return Reply(204)
        try:
            return Reply(206, part=FilePart(open(name, "rb"), start, end, self._note_served))
        except FileNotFoundError:
            # The half file has just become the whole one.
            return Reply(204)

    def _note_served(self, count: int) -> None:
        with self._lock:
            self._served_bytes += count
