"""Takes the model from other nodes of the cluster instead of the source."""

import contextlib
import http.client
import threading

from ray_node.channel import plain
from ray_node.channel.client import Answer, Client, Unanswered, WrongToken
from ray_node.channel.plain import NotPlain
from ray_node.host import clock
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.failure import NotYet, PeerRefused, Transient
from ray_node.staging.files import ModelFile, growing, in_order, parse
from ray_node.staging.peer_protocol import Listing
from ray_node.staging.request import FanOut, Pace

_REST_LONGEST_SECONDS = 60.0
_LIST_TIMEOUT_SECONDS = 10.0
_MAXIMUM_LIST_BYTES = 64 * 1024**2
_CHUNK_BYTES = 256 * 1024


class Upstreams:
    """Whom to ask: the nearest node that works; the head, the last, when no other does. Safe for threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._addresses: tuple[str, ...] = ()
        self._rested_until: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._gave_at: dict[str, float] = {}

    def put(self, addresses: tuple[str, ...]) -> None:
        with self._lock:
            self._addresses = addresses

    def best(self) -> str:
        now = clock.monotonic()
        with self._lock:
            for address in self._addresses[:-1]:
                if self._rested_until.get(address, 0.0) <= now:
                    self._gave_at.setdefault(address, now)
                    return address
            return self._addresses[-1]

    def gave(self, address: str) -> None:
        with self._lock:
            self._gave_at[address] = clock.monotonic()
            self._failures.pop(address, None)

    def failed(self, address: str) -> None:
        """It is not asked for a while, longer each time."""
        with self._lock:
            count = self._failures[address] = self._failures.get(address, 0) + 1
            pause = min(self._pace.backoff_first * 2**count, _REST_LONGEST_SECONDS)
            self._rested_until[address] = clock.monotonic() + pause
            self._gave_at.pop(address, None)

    def is_idle(self, address: str) -> None:
        """It had nothing new. When that lasts, another is asked: the chain may be broken before it."""
        with self._lock:
            idle = clock.monotonic() - self._gave_at.get(address, clock.monotonic())
        if idle > self._pace.stall:
            self.failed(address)


class Peers:
    """The nodes of the cluster as an origin of files."""

    def __init__(self, fan_out: FanOut, model: str, pace: Pace) -> None:
        self._fan_out = fan_out
        self._model = model
        self._pace = pace
        self._upstreams = Upstreams(pace)
        self._client = Client(fan_out.own_address, fan_out.token)

    def files(self) -> tuple[ModelFile, ...]:
        """Raises NotYet while the head does not know them, Transient, PeerRefused."""
        head = self._fan_out.head_address
        target = protocol.target(protocol.LIST_PATH, model=self._model)
        answer = self._request(head, target, _LIST_TIMEOUT_SECONDS)
        try:
            with contextlib.closing(answer):
                if answer.status != 200:
                    raise Transient(f"{self._name(head)} answers HTTP {answer.status}")
                listing = plain.from_message(Listing, answer.read(_MAXIMUM_LIST_BYTES))
            files = None if listing.files is None else in_order(map(parse, listing.files))
        except WrongToken as error:
            name = self._name(head)
            raise PeerRefused(f"the answer of {name} is not signed with the cluster's token") from error
        except Unanswered as error:
            raise Transient(f"{self._name(head)}: {error}") from error
        except (NotPlain, ValueError) as error:
            raise Transient(f"{self._name(head)}: the list of files cannot be used: {error}") from error
        if listing.failure is not None:
            raise NotYet(f"{self._name(head)} cannot get the model: {listing.failure}")
        if files is None:
            raise NotYet(f"{self._name(head)} is asking the source")
        if listing.model != self._model:
            raise NotYet(f"{self._name(head)} has {listing.model}, this node wants {self._model}")
        self._upstreams.put(listing.upstreams)
        return files

    def fetch(self, file: ModelFile, part: str) -> None:
        """Also a file that still grows there. Raises NotYet, Transient, PeerRefused, OSError of the disk."""
        with growing(part, file) as target:
            while (offset := target.tell()) < file.size:
                address = self._upstreams.best()
                try:
                    with contextlib.closing(self._open(address, file, offset)) as answer:
                        while chunk := _read(answer, self._name(address)):
                            self._upstreams.gave(address)
                            target.write(chunk)
                            target.flush()
                except Transient:
                    self._upstreams.failed(address)
                    raise

    def _open(self, address: str, file: ModelFile, offset: int) -> Answer:
        """Bytes from `offset` on, at least one. Raises NotYet, Transient, PeerRefused."""
        target = protocol.target(protocol.FILE_PATH, model=self._model, path=file.path)
        byte_range = f"bytes={offset}-{file.size - 1}"
        answer = self._request(address, target, self._pace.network_timeout, byte_range)
        if answer.status == 206:
            return answer
        with contextlib.closing(answer):
            if answer.status in (204, 404):
                self._upstreams.is_idle(address)
                raise NotYet(f"waiting for {self._name(address)}")
            if answer.status == 503:
                self._upstreams.failed(address)
                raise NotYet(f"{self._name(address)}: {answer.refusal()}")
            raise Transient(f"{self._name(address)} answers HTTP {answer.status}")

    def _request(self, address: str, target: str, timeout_seconds: float, byte_range: str = "") -> Answer:
        server = (address, self._fan_out.port)
        try:
            answer = self._client.send(server, "GET", target, timeout_seconds, byte_range=byte_range)
        except Unanswered as error:
            raise Transient(f"{self._name(address)}: {error}") from error
        if answer.status in (401, 403, 409):
            with contextlib.closing(answer):
                raise PeerRefused(
                    f"{self._name(address)} refuses this node: {answer.refusal()}",
                    fix="all nodes must have the same cluster token and be on the cluster network",
                )
        return answer

    def _name(self, address: str) -> str:
        if address == self._fan_out.head_address:
            return f"the head {self._fan_out.head_name} ({address})"
        return f"the node at {address}"


def _read(answer: Answer, origin: str) -> bytes:
    """The next bytes, none at the end. Raises Transient when the connection breaks."""
    try:
        chunk = answer.response.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise Transient(f"{origin}: {getattr(error, 'strerror', None) or error}") from error
    if not chunk and answer.response.length:
        raise Transient(f"{origin} broke off, {answer.response.length} bytes short")
    return chunk
