"""One connection of the server: what has come, what is to be sent, and until when."""

import secrets
import socket
import ssl

from ray_node.channel import request_head, tls
from ray_node.channel.request_head import RequestHead
from ray_node.channel.signing import Call

_READ_BYTES = 64 * 1024
_DRAINED_AT_ONCE = 8


class Gone(Exception):
    """The other side has closed, or broken, the connection."""


class NoTls(Gone):
    """The handshake failed; `code` names the cause."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """Never blocks. `deadline`, on the kernel's clock, is that of what it is waiting for."""

    def __init__(
        self,
        link: socket.socket,
        address: str,
        is_inside: bool,
        deadline: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.needs_handshake = tls is not None
        if tls is not None:
            link = tls.wrap_socket(link, server_side=True, do_handshake_on_connect=False)
        self.link = link
        self.address = address
        self.is_inside = is_inside
        self.deadline = deadline
        #: A request on it was signed with the cluster's token.
        self.is_known = False
        #: Something else has it for a while, for example a thread that sends a file.
        self.is_lent = False
        self.challenge = secrets.token_hex(16)
        self.count = 0
        #: The request that is under way, once its head is there.
        self.head: RequestHead | None = None
        self.call: Call | None = None
        self.closes = False
        #: What still comes is thrown away, so that the other side can read the answer.
        self.drains = False
        self.received = bytearray()
        self.unsent = b""

    @property
    def is_idle(self) -> bool:
        """Between two requests."""
        return self.head is None and not (self.received or self.unsent or self.is_lent or self.drains)

    @property
    def holds_more(self) -> bool:
        """TLS has decrypted more than was read, and no selector knows of it."""
        is_busy = self.is_lent or self.drains or bool(self.unsent)
        return not is_busy and isinstance(self.link, ssl.SSLSocket) and self.link.pending() > 0

    def shake_hands(self) -> bool:
        """Whether TLS is ready, or not wanted. Raises Gone, NoTls."""
        if self.needs_handshake and isinstance(self.link, ssl.SSLSocket):
            try:
                self.link.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
                raise Gone("closed") from error
            except ssl.SSLError as error:
                raise NoTls(tls.cause(error)) from error
            except (OSError, ValueError) as error:
                raise Gone(type(error).__name__) from error
            self.needs_handshake = False
        return True

    def receive(self) -> None:
        """What is there; no more than a head before the head has been judged. Raises Gone."""
        length = self.head.length or 0 if self.head is not None else request_head.MAXIMUM_HEAD_BYTES + 1
        while (missing := length - len(self.received)) > 0:
            try:
                content = self.link.recv(min(missing, _READ_BYTES))
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                raise Gone(type(error).__name__) from error
            if not content:
                raise Gone("closed")
            self.received += content

    def drain(self) -> None:
        """Raises Gone when nothing more will come."""
        try:
            for _ in range(_DRAINED_AT_ONCE):
                if not self.link.recv(_READ_BYTES):
                    raise Gone("closed")
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            raise Gone(type(error).__name__) from error

    def send(self) -> bool:
        """Whether all has gone. Raises Gone."""
        while self.unsent:
            try:
                count = self.link.send(self.unsent)
            except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            except OSError as error:
                raise Gone(type(error).__name__) from error
            self.unsent = self.unsent[count:]
        return True

    def close(self) -> None:
        try:
            self.link.close()
        except OSError:
            self.head = None
