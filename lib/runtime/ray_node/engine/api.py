"""The engine's HTTP API as the head reaches it: plain or with TLS, with or without a key."""

import http.client
import socket
import ssl
from dataclasses import dataclass

from ray_node.config.engine_config import EngineApi
from ray_node.host import clock, json_input, log, regular_file
from ray_node.host.deadline_socket import DeadlineSocket
from ray_node.host.text import one_line

_HEALTH_SECONDS = 3.0


class NoAnswer(Exception):
    """The end of a sentence: why a request was not answered."""


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes

    @property
    def words(self) -> str:
        """What the engine says of an error, on one line."""
        try:
            told = json_input.read(self.content, json_input.ANSWER)
            error = told.get("error", told)
            said = error.get("message", error) if isinstance(error, dict) else error
        except (ValueError, AttributeError):
            said = self.content.decode(errors="replace")
        return short(str(said))


class EngineClient:
    """`address`: of the head, where the engine listens. No proxy of the environment comes in between.

    With TLS the engine's chain is verified against the authority of the configuration, else against the
    system's; its name only where the configuration has one, since the head asks itself by an address.
    """

    def __init__(self, address: str, api: EngineApi) -> None:
        self._address = address
        self._api = api
        self.base = f"{'http' if api.tls is None else 'https'}://{address}:{api.port}"

    def health_problem(self, timeout_seconds: float = _HEALTH_SECONDS) -> str | None:
        """Why the health path is not answered as it must be, as a sentence's end; `None` when it is."""
        try:
            answer = self._ask("GET", self._api.health_path, None, {}, timeout_seconds)
        except NoAnswer as error:
            return str(error)
        if answer.status != 200:
            return f"it answers HTTP {answer.status}: {answer.words}"
        wanted = self._api.servers
        return None if wanted is None else _missing_servers(answer, wanted)

    def post(self, path: str, content: bytes, content_type: str, timeout_seconds: float) -> Answer:
        """Raises NoAnswer."""
        return self._ask("POST", path, content, {"Content-Type": content_type}, timeout_seconds)

    def _ask(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str], timeout_seconds: float
    ) -> Answer:
        try:
            connection = self._connection(timeout_seconds)
            try:
                connection.request(method, path, content, {**headers, **self._key()})
                response = connection.getresponse()
                return Answer(response.status, response.read(json_input.ANSWER.size))
            finally:
                connection.close()
        except ConnectionRefusedError as error:
            raise NoAnswer(f"nothing listens on port {self._api.port}") from error
        except TimeoutError as error:
            late = f"it accepts connections but did not answer within {timeout_seconds:g} s"
            raise NoAnswer(late) from error
        except ssl.SSLError as error:
            raise NoAnswer(f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NoAnswer(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        said = short(str(error)) or type(error).__name__
        # A server with TLS closes a plain connection, or answers it in bytes that are no HTTP.
        spoken = isinstance(error, (ConnectionResetError, http.client.BadStatusLine))
        return f"{said}; if it uses TLS, say so by 'tls'" if spoken and self._api.tls is None else said

    def _connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        """Open; all that is sent and read on it ends after `timeout_seconds`, however slowly it drips."""
        port, tls = self._api.port, self._api.tls
        began = clock.kernel()
        link = socket.create_connection((self._address, port), timeout_seconds)
        try:
            if tls is not None:
                context = ssl.create_default_context(cafile=tls.authority)
                # The authority may be the engine's own certificate.
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
                context.check_hostname = tls.server_name is not None
                link = context.wrap_socket(link, server_hostname=tls.server_name)
        except (OSError, ValueError):
            link.close()
            raise
        connection = http.client.HTTPConnection(self._address, port)
        connection.sock = DeadlineSocket(link, timeout_seconds - (clock.kernel() - began))
        return connection

    def _key(self) -> dict[str, str]:
        """Read again for each request: the file may have been replaced."""
        path = self._api.api_key_file
        if path is None:
            return {}
        keys = read_lines(path)
        if not keys:
            raise ValueError(f"{path} holds no API key")
        return {"Authorization": f"Bearer {keys[0]}"}


def _missing_servers(answer: Answer, wanted: int) -> str | None:
    """`None` when all are listed. More than wanted are none of ours."""
    try:
        listed = json_input.read(answer.content, json_input.ANSWER)
    except ValueError:
        listed = None
    if not isinstance(listed, dict):
        return f"it lists no servers: {answer.words}"
    if len(listed) == wanted:
        return None
    return f"{len(listed)} of {wanted} servers are registered"


def read_lines(path: str) -> list[str]:
    """The lines of a file with secrets, which are never printed from now on. Raises OSError."""
    with regular_file.opened(path) as file:
        lines = [line.strip() for line in file.read().decode().splitlines()]
    found = [line for line in lines if line]
    for line in found:
        log.hide(line)
    return found


def short(text: str) -> str:
    """On one line and printable, for a message."""
    line = one_line(text, len(text))
    return line if len(line) <= 200 else line[:197] + "..."
