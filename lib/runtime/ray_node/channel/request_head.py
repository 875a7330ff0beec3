"""The head of an HTTP/1.1 request: first line and headers. Pure, and strict: it comes from anybody."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

MAXIMUM_HEAD_BYTES = 12 * 1024
_MAXIMUM_LINE_BYTES = 8 * 1024
_MAXIMUM_HEADERS = 40
_LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
_VERSION = re.compile(r"HTTP/(?!1\.[01]$)\d")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([ -~\t]*?)[ \t]*")
_LENGTH = re.compile(r"[0-9]{1,9}")


class BadRequest(Exception):
    """`code` names the cause; the text is the answer."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class RequestHead:
    method: str
    #: With the query.
    target: str
    #: By lower-case name.
    headers: Mapping[str, str]
    #: Of the content; `None`: not given.
    length: int | None
    #: The client wants to send more on this connection.
    stays: bool


def end_of(received: bytearray) -> int:
    """Where the content begins; 0 while the head is not complete. Raises BadRequest when it is too long."""
    at = received.find(b"\r\n\r\n")
    if at >= 0:
        return at + 4
    line = received.find(b"\n")
    if line < 0 and len(received) > _MAXIMUM_LINE_BYTES:
        raise BadRequest(414, "long-line", f"a first line may have {_MAXIMUM_LINE_BYTES} bytes")
    if len(received) > MAXIMUM_HEAD_BYTES:
        raise BadRequest(431, "long-head", f"a head may have {MAXIMUM_HEAD_BYTES} bytes")
    return 0


def parse(content: bytes) -> RequestHead:
    """Without the empty line at its end. Raises BadRequest."""
    first, *lines = content.decode("latin-1").split("\r\n")
    found = _LINE.fullmatch(first)
    if found is None:
        version = first.rpartition(" ")[2]
        if _VERSION.match(version):
            raise BadRequest(505, "other-version", "HTTP/1.1 is spoken here")
        raise BadRequest(400, "bad-line", "the first line is not that of a request")
    if len(lines) > _MAXIMUM_HEADERS:
        raise BadRequest(431, "many-headers", f"a request may have {_MAXIMUM_HEADERS} headers")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise BadRequest(400, "bad-header", "a header cannot be read")
        name = header[1].lower()
        if name in headers:
            raise BadRequest(400, "header-twice", "a header is there twice")
        headers[name] = header[2]
    if found[1] not in ("GET", "POST"):
        raise BadRequest(501, "other-method", "GET and POST are known here")
    stays = found[3] == "1" and headers.get("connection", "").lower() != "close"
    return RequestHead(found[1], found[2], headers, _length(found[1], headers), stays)


def parameters(query: str) -> dict[str, str]:
    """Raises BadRequest."""
    try:
        return dict(urllib.parse.parse_qsl(query, max_num_fields=16, errors="strict"))
    except ValueError:
        raise BadRequest(400, "bad-query", "the query cannot be read") from None


def _length(method: str, headers: Mapping[str, str]) -> int | None:
    if "transfer-encoding" in headers:
        raise BadRequest(411, "chunked", "a body must come with its length")
    text = headers.get("content-length")
    if text is None:
        return None
    if not _LENGTH.fullmatch(text):
        status = 413 if text.isascii() and text.isdigit() else 400
        raise BadRequest(status, "bad-length", "the length of the body cannot be read")
    return int(text)
