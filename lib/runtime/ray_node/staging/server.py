"""Serves this node's copies of models to the other nodes, also while they are still growing."""

import re
import threading
from dataclasses import dataclass, field

from ray_node.channel import plain
from ray_node.channel.file_part import FilePart
from ray_node.channel.routes import Reply, Request, Routes
from ray_node.channel.server import Server
from ray_node.host import refusals
from ray_node.staging import files as model_files
from ray_node.staging import inside
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.files import ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.peer_protocol import Listing
from ray_node.staging.request import FanOut

#: Transfers at once; more nodes than that wait for one another.
_WORKERS = 64
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})")


@dataclass
class _Offer:
    """What this node has of a model."""

    folder: ModelFolder | None = None
    #: By path; `None`: not known yet.
    files: dict[str, ModelFile] | None = None
    #: Why nothing comes.
    failure: str | None = None
    #: Addresses of the nodes that take it, in the order in which they asked.
    chain: list[str] = field(default_factory=list)


class FileServer:
    """Read-only, for nodes of the subnet. Opened once per node and closed with it; empty until `offer`."""

    def __init__(self, fan_out: FanOut) -> None:
        """Raises OSError when the port cannot be opened."""
        self._fan_out = fan_out
        self._lock = threading.Lock()
        #: By the model's identity.
        self._offers: dict[str, _Offer] = {}
        self._served_bytes = 0

        routes = Routes(
            {f"GET {protocol.LIST_PATH}": self._send_list, f"GET {protocol.FILE_PATH}": self._send_file},
            fan_out.subnet,
            fan_out.token,
            None if fan_out.tls is None else fan_out.tls.server,
            workers=_WORKERS,
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
            offer = self._offers.setdefault(model, _Offer())
            offer.folder, offer.failure = folder, None
            offer.files = {file.path: file for file in files}

    def fail(self, model: str, reason: str | None) -> None:
        """Tell waiting nodes why nothing comes; `None`: it is being retried."""
        with self._lock:
            self._offers.setdefault(model, _Offer()).failure = reason

    def close(self) -> None:
        self._server.close()

    def listing(self, model: str, asked_by: str) -> Listing:
        """Nodes form a chain in the order in which they ask: each takes from the one before it.

        So every node sends the model once, whatever their number, and the source sends it once to the head.
        """
        with self._lock:
            # Of a model that is not known here nothing is kept, whoever asks for it.
            offer = self._offers.get(model, _Offer())
            if asked_by not in offer.chain:
                offer.chain.append(asked_by)
            before = offer.chain[: offer.chain.index(asked_by)]
            files = None if offer.files is None else tuple(map(model_files.plain, offer.files.values()))
            upstreams = (*reversed(before), self._fan_out.own_address)
            return Listing(files, offer.failure, upstreams)

    def find(self, model: str, path: str) -> tuple[str, int] | None:
        """Where the content lies and how many bytes there are; `None`: not a file of this model.

        Raises LookupError when this node has given up and has nothing to wait for.
        """
        with self._lock:
            offer = self._offers.get(model, _Offer())
            folder, file, failure = offer.folder, (offer.files or {}).get(path), offer.failure
        if folder is None or file is None:
            return None
        found = folder.available(file) or ("", 0)
        if failure is not None and found[1] < file.size:
            raise LookupError(failure)
        return found

    def _send_list(self, request: Request) -> Reply:
        return Reply(200, plain.to_message(self.listing(request.parameters.get("model", ""), request.client)))

    def _send_file(self, request: Request) -> Reply:
        wanted = _RANGE.fullmatch(request.byte_range)
        if wanted is None:
            return Reply(400, b"a range is needed")
        path = request.parameters.get("path", "")
        try:
            found = self.find(request.parameters.get("model", ""), path)
        except LookupError as error:
            return Reply(503, f"this node has given up: {error}".encode())
        if found is None:
            return Reply(404, b"not known here yet")
        name, available = found
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, available)
        if end <= start:
            return Reply(204)
        try:
            return Reply(206, part=FilePart(inside.opened(name, "rb"), start, end, self._note_served))
        except FileNotFoundError:
            # The half file has just become the whole one.
            return Reply(204)
        except OSError as error:
            refusals.note("model folder", "unreadable", f"{path}: {error.strerror}")
            return Reply(404, b"not known here yet")

    def _note_served(self, count: int) -> None:
        with self._lock:
            self._served_bytes += count
