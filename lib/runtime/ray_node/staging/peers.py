"""Takes the model from other nodes of the cluster instead of the source."""

import contextlib
import http.client
import threading
from typing import BinaryIO

from ray_node.channel import plain
from ray_node.channel.client import Answer, Client, Line, OtherAuthority, Unanswered, WrongToken, reason
from ray_node.channel.plain import NotPlain
from ray_node.host import clock, json_input, refusals
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.failure import NotYet, PeerRefused, Transient
from ray_node.staging.files import ModelFile, growing, in_order, parse
from ray_node.staging.peer_protocol import Listing
from ray_node.staging.request import FanOut, Pace
from ray_node.staging.upstreams import Upstreams

_LIST_TIMEOUT_SECONDS = 10.0
#: A node that sends less than this on average is passed over; the head is not.
_SLOWEST_BYTES_PER_SECOND = 64 * 1024
_CHUNK_BYTES = 256 * 1024


class Peers:
    """The nodes of the cluster as an origin of files."""

    def __init__(self, fan_out: FanOut, model: str, pace: Pace) -> None:
        self._fan_out = fan_out
        self._model = model
        self._pace = pace
        self._upstreams = Upstreams(pace, fan_out.head_address)
        tls = None if fan_out.tls is None else fan_out.tls.client
        self._client = Client(fan_out.own_address, fan_out.token, tls)
        #: Each thread has connections of its own.
        self._own = threading.local()
        #: Who has given bytes of a file since it was begun, and how often it was wrong; by path.
        self._givers: dict[str, set[str]] = {}
        self._wrong: dict[str, int] = {}

    def files(self) -> tuple[ModelFile, ...]:
        """Raises NotYet while the head does not know them, Transient, PeerRefused."""
        head = self._fan_out.head_address
        target = protocol.target(protocol.LIST_PATH, model=self._model)
        answer = self._request(head, target, _LIST_TIMEOUT_SECONDS)
        try:
            with contextlib.closing(answer):
                if answer.status != 200:
                    raise Transient(f"{self._name(head)} answers HTTP {answer.status}")
                content = answer.read(json_input.LISTING.size)
                listing = plain.from_message(Listing, content, json_input.LISTING)
            files = None if listing.files is None else in_order(map(parse, listing.files))
        except WrongToken as error:
            name = self._name(head)
            raise PeerRefused(f"the answer of {name} is not signed with the cluster's token") from error
        except Unanswered as error:
            raise Transient(f"{self._name(head)}: {error}") from error
        except (NotPlain, ValueError) as error:
            refusals.note("head's list of files", getattr(error, "code", "misfit"), str(error))
            raise Transient(f"{self._name(head)}: the list of files cannot be used: {error}") from error
        if listing.failure is not None:
            raise NotYet(f"{self._name(head)} cannot get the model: {listing.failure}")
        if files is None:
            raise NotYet(f"{self._name(head)} is asking the source")
        self._upstreams.put(listing.upstreams)
        return files

    def fetch(self, file: ModelFile, part: str) -> None:
        """Also a file that still grows there. Raises NotYet, Transient, PeerRefused, OSError of the disk."""
        with growing(part, file) as target:
            if target.tell() == 0:
                self._givers[file.path] = set()
            while (offset := target.tell()) < file.size:
                # Twice wrong: whoever gave it, the head has the right one.
                doubted = self._wrong.get(file.path, 0) > 1
                address = self._fan_out.head_address if doubted else self._upstreams.best()
                try:
                    self._take(address, file, offset, target)
                except Transient:
                    self._upstreams.failed(address)
                    raise

    def blame(self, file: ModelFile) -> str:
        """Its content was wrong: those who gave it are asked for nothing more. Their names."""
        self._wrong[file.path] = self._wrong.get(file.path, 0) + 1
        givers = self._givers.pop(file.path, set())
        for address in givers:
            self._upstreams.distrust(address)
        return ", ".join(self._name(address) for address in sorted(givers)) or "an earlier run"

    def _take(self, address: str, file: ModelFile, offset: int, target: BinaryIO) -> None:
        """Append what the node has. Raises NotYet, Transient, PeerRefused, OSError of the disk."""
        is_last, began, taken = address == self._fan_out.head_address, clock.kernel(), 0
        with contextlib.closing(self._open(address, file, offset)) as answer:
            self._givers.setdefault(file.path, set()).add(address)
            while chunk := self._read(answer, address):
                self._upstreams.gave(address)
                target.write(chunk)
                target.flush()
                taken += len(chunk)
                spent = clock.kernel() - began
                if not is_last and spent > self._pace.stall and taken < spent * _SLOWEST_BYTES_PER_SECOND:
                    raise Transient(f"{self._name(address)} sends {taken / spent / 1000:.1f} kB a second")

    def _open(self, address: str, file: ModelFile, offset: int) -> Answer:
        """Bytes from `offset` on, at least one. Raises NotYet, Transient, PeerRefused."""
        target = protocol.target(protocol.FILE_PATH, model=self._model, path=file.path)
        byte_range = f"bytes={offset}-{file.size - 1}"
        answer = self._request(address, target, self._pace.network_timeout, byte_range)
        if answer.status == 206:
            length = answer.response.length
            begins = answer.response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
            if length and length <= file.size - offset and begins:
                return answer
            answer.close()
            self._upstreams.distrust(address)
            raise Transient(f"{self._name(address)} answers with another range than {byte_range}")
        with contextlib.closing(answer):
            if answer.status in (204, 404):
                self._upstreams.is_idle(address)
                raise NotYet(f"waiting for {self._name(address)}")
            if answer.status == 503:
                self._upstreams.failed(address)
                raise NotYet(f"{self._name(address)}: {answer.refusal()}")
            raise Transient(f"{self._name(address)} answers HTTP {answer.status}")

    def _request(self, address: str, target: str, seconds: float, byte_range: str = "") -> Answer:
        try:
            answer = self._line(address).send("GET", target, seconds, byte_range=byte_range)
        except OtherAuthority as error:
            raise self._refused(
                address, f"{self._name(address)} has a certificate of another token"
            ) from error
        except Unanswered as error:
            raise Transient(f"{self._name(address)}: {error}") from error
        if answer.status in (401, 403, 409):
            with contextlib.closing(answer):
                said = f"{self._name(address)} refuses this node: {answer.refusal()}"
                raise self._refused(address, said)
        return answer

    def _refused(self, address: str, said: str) -> Transient | PeerRefused:
        if address != self._fan_out.head_address:
            # It may be of an earlier deployment; the head has the model.
            return Transient(said)
        fix = "all nodes must have the same cluster token and be on the cluster network"
        return PeerRefused(said, fix=fix)

    def _line(self, address: str) -> Line:
        lines: dict[str, Line] = self._own.__dict__.setdefault("lines", {})
        if address not in lines:
            lines[address] = self._client.line((address, self._fan_out.port))
        return lines[address]

    def _read(self, answer: Answer, address: str) -> bytes:
        """The next bytes, none at the end. Raises Transient when the connection breaks."""
        answer.renew(self._pace.network_timeout)
        try:
            chunk = answer.response.read1(_CHUNK_BYTES)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Transient(f"{self._name(address)}: {reason(error)}") from error
        if not chunk and answer.response.length:
            raise Transient(f"{self._name(address)} broke off, {answer.response.length} bytes short")
        return chunk

    def _name(self, address: str) -> str:
        if address == self._fan_out.head_address:
            return f"the head {self._fan_out.head_name} ({address})"
        return f"the node at {address}"
