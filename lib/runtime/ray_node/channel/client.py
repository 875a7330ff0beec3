"""The HTTP client of the node program: every request is signed and comes from the node's own address."""

import contextlib
import http.client
import secrets
import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType

from ray_node.channel import signing
from ray_node.channel.signing import Call
from ray_node.channel.tls import is_of_other_authority
from ray_node.host.deadline_socket import DeadlineSocket
from ray_node.host.text import one_line

_CHALLENGE_SECONDS = 5.0
_REFUSAL_BYTES = 500


class Unanswered(Exception):
    """There is no usable answer; the text says why."""


class OtherAuthority(Unanswered):
    """The server's certificate is not of this cluster's authority, which follows from the token."""


class WrongToken(Exception):
    """The answer is not signed with this cluster's token."""


class Answer:
    """An answer whose content has not been read; to be closed, or read to its end."""

    def __init__(self, line: "Line", response: http.client.HTTPResponse, call: Call) -> None:
        self.response = response
        self.status = response.status
        self._line = line
        self._call = call

    def read(self, maximum_bytes: int) -> bytes:
        """The whole content, its signature checked. Raises Unanswered, WrongToken."""
        try:
            body = self.response.read(maximum_bytes + 1)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unanswered(reason(error)) from error
        if len(body) > maximum_bytes:
            raise Unanswered(f"the answer has more than {maximum_bytes} bytes")
        signature = self.response.headers.get(signing.SIGNATURE_HEADER)
        expected = signing.sign_answer(self._line.client.token, self._call, self.status, body)
        if not signing.fits(signature, expected):
            raise WrongToken
        return body

    def refusal(self) -> str:
        """A short text on one line, by whoever has answered."""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            return one_line(self.response.read(_REFUSAL_BYTES).decode(errors="replace"), _REFUSAL_BYTES)
        return ""

    def renew(self, seconds: float) -> None:
        """What is still to be read may take this much longer."""
        self._line.renew(seconds)

    def close(self) -> None:
        """A connection on which something is still to come is of no use any more."""
        if not self.response.isclosed():
            self._line.close()
        with contextlib.suppress(OSError):
            self.response.close()


@dataclass(frozen=True)
class Client:
    own_address: str
    token: str = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def line(self, server: tuple[str, int]) -> "Line":
        return Line(self, server)


class Line:
    """A connection to one server, made when it is needed, and kept. One request at a time."""

    def __init__(self, client: Client, server: tuple[str, int]) -> None:
        self.client = client
        self._server = server
        self._connection: http.client.HTTPConnection | None = None
        self._challenge = ""
        self._count = 0

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(
        self, method: str, target: str, seconds: float, body: bytes = b"", byte_range: str = ""
    ) -> Answer:
        """`seconds`: until the whole answer has been read. Raises Unanswered."""
        was_open = self._connection is not None
        try:
            return self._send(method, target, seconds, body, byte_range)
        except Unanswered:
            if not was_open:
                raise
        # The server has hung up in between. A report or a read that it gets twice does no harm.
        return self._send(method, target, seconds, body, byte_range)

    def renew(self, seconds: float) -> None:
        link = self._connection.sock if self._connection is not None else None
        if isinstance(link, DeadlineSocket):
            link.renew(seconds)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _send(self, method: str, target: str, seconds: float, body: bytes, byte_range: str) -> Answer:
        try:
            connection = self._connection or self._connect(min(seconds, _CHALLENGE_SECONDS))
            self.renew(seconds)
            self._count += 1
            call = Call(
                server=f"{self._server[0]}:{self._server[1]}",
                challenge=self._challenge,
                count=self._count,
                nonce=secrets.token_hex(8),
                address=self.client.own_address,
                method=method,
                target=target,
                byte_range=byte_range,
                content=signing.digest(body),
            )
            connection.request(method, target, body or None, self._headers(call))
            return Answer(self, connection.getresponse(), call)
        except ssl.SSLError as error:
            self.close()
            raise (OtherAuthority if is_of_other_authority(error) else Unanswered)(reason(error)) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(reason(error)) from error

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {
            signing.NONCE_HEADER: call.nonce,
            signing.ADDRESS_HEADER: call.address,
            signing.COUNT_HEADER: str(call.count),
            signing.CONTENT_HEADER: call.content,
            signing.SIGNATURE_HEADER: signing.sign_call(self.client.token, call),
        }
        return {**headers, "Range": call.byte_range} if call.byte_range else headers

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        """Raises OSError, ValueError, HTTPException."""
        host, port = self._server
        link = socket.create_connection((host, port), seconds, source_address=(self.client.own_address, 0))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.client.tls is not None:
            link = self.client.tls.wrap_socket(link, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = DeadlineSocket(link, seconds)
        self._connection, self._count = connection, 0
        connection.request("GET", signing.CHALLENGE_PATH)
        response = connection.getresponse()
        challenge = response.read(1024).decode("latin-1")
        if response.status != 200 or not signing.CHALLENGE.fullmatch(challenge):
            said = one_line(challenge, 200)
            raise ValueError(f"no challenge, but HTTP {response.status}: {said}")
        self._challenge = challenge
        return connection


def reason(error: Exception) -> str:
    """In short, and printable: it may be the other side's words."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return one_line(str(said), 300)
