"""HTTP for sources: redirects by hand, so that the token stays with the host it is meant for."""

import contextlib
import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Protocol

from ray_node.staging.failure import SourceRefused, SourceUnreachable, Transient

_REDIRECTS = (301, 302, 303, 307, 308)
_MAXIMUM_REDIRECTS = 5
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
#: `"api";r=0;t=55`: nothing left, the window ends in 55 s (draft-ietf-httpapi-ratelimit-headers, of the hub).
_RATE_LIMIT = re.compile(r"r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)")


class Body(Protocol):
    """Bytes of a file from `offset` on."""

    offset: int

    def read(self, count: int) -> bytes:
        """At most `count` bytes, none at the end. Raises Transient when the connection breaks."""
        ...

    def close(self) -> None: ...


@dataclass(eq=False)
class HttpRefusal(Exception):
    """An answer that is neither content nor a reason to try again. The caller knows what it means."""

    status: int
    code: str
    message: str
    #: Scheme, host and port of whoever answered.
    origin: str

    def __str__(self) -> str:
        return f"HTTP {self.status} of {self.origin}" + (f": {self.message}" if self.message else "")


def origin_of(url: str) -> str:
    """Scheme, host and port, without a user name that an address may hold."""
    parts = urllib.parse.urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}".lower()


class HttpBody:
    """The answer's content."""

    def __init__(
        self, response: http.client.HTTPResponse, origin: str, offset: int, length: int | None
    ) -> None:
        self._response = response
        self._origin = origin
        self._left = length
        self.offset = offset

    def read(self, count: int) -> bytes:
        try:
            chunk = self._response.read(count)
        except (OSError, http.client.HTTPException) as error:
            raise Transient(f"{self._origin}: {_describe(error)}") from error
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left > 0:
                raise Transient(f"{self._origin} broke off, {self._left} bytes short")
        return chunk

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._response.close()


class HttpClient:
    """GET with redirects. Uses the environment's proxies (`https_proxy`, `no_proxy`) and certificates."""

    def __init__(self, timeout_seconds: float, token: str | None = None, token_origin: str = "") -> None:
        self._timeout = timeout_seconds
        self._token = token
        self._token_origin = token_origin.lower()
        # Without the handlers that follow redirects and raise: every answer comes back as it is.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
        ):
            self._opener.add_handler(handler)

    def get(self, url: str, maximum_bytes: int) -> tuple[bytes, Message]:
        """A small document and its headers. Raises Transient, HttpRefusal, StagingFailed."""
        response, origin = self._follow(url, {})
        with contextlib.closing(response):
            body = HttpBody(response, origin, 0, response.length)
            content = b""
            while chunk := body.read(maximum_bytes + 1 - len(content)):
                content += chunk
        if len(content) > maximum_bytes:
            raise SourceRefused(f"{origin} sends more than {maximum_bytes} bytes as a list")
        return content, response.headers

    def open(self, url: str, offset: int, length: int, size: int) -> HttpBody:
        """`length` bytes from `offset` on of a file of `size` bytes; the whole file if ranges are not known.

        Raises Transient, HttpRefusal, StagingFailed.
        """
        whole = offset == 0 and length == size
        headers = {} if whole else {"Range": f"bytes={offset}-{offset + length - 1}"}
        response, origin = self._follow(url, headers)
        if response.status == 200 and response.length in (size, None):
            return HttpBody(response, origin, 0, response.length)
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
        if response.status == 206 and found and int(found[1]) == offset and found[3] in (str(size), "*"):
            return HttpBody(response, origin, offset, response.length)
        response.close()
        answer = (
            response.headers.get("Content-Range") or f"all {response.headers.get('Content-Length')} bytes"
        )
        raise SourceRefused(
            f"{origin} answers '{answer}' to a request for {length} bytes from {offset} of {size}",
            fix="the source has changed, or a proxy in between is in the way",
        )

    def _follow(self, url: str, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, str]:
        for _ in range(_MAXIMUM_REDIRECTS + 1):
            origin = origin_of(url)
            response = self._once(url, origin, headers)
            if response.status in (200, 206):
                return response, origin
            with contextlib.closing(response):
                target = response.headers.get("Location")
                if response.status not in _REDIRECTS or target is None:
                    raise self._refusal(response, origin)
            target = urllib.parse.urljoin(url, target)
            if url.startswith("https:") and not target.startswith("https:"):
                raise SourceRefused(f"{origin} redirects from https to {origin_of(target)}")
            url = target
        raise SourceRefused(f"{origin_of(url)} redirects more than {_MAXIMUM_REDIRECTS} times")

    def _once(self, url: str, origin: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        if not url.startswith(("http://", "https://")):
            raise SourceRefused(f"only http and https are read, got '{url.partition(':')[0]}:'")
        # Ranges are offsets into the content as it is, so nobody on the way may compress it.
        request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", **headers})
        request.add_header("User-Agent", "ray-node-staging")
        if self._token is not None and origin == self._token_origin:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            response = self._opener.open(request, timeout=self._timeout)
        except (OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise SourceUnreachable(
                    f"the certificate of {origin} is not trusted: {cause.verify_message}",
                    fix="put the certificate authority into the image or name it in SSL_CERT_FILE",
                ) from error
            raise Transient(f"{origin}: {_describe(cause)}") from error
        assert isinstance(response, http.client.HTTPResponse)
        return response

    def _refusal(self, response: http.client.HTTPResponse, origin: str) -> Exception:
        status, headers = response.status, response.headers
        if status in _TRY_AGAIN:
            return Transient(f"{origin} answers HTTP {status}", _retry_after(headers))
        message = " ".join(headers.get("X-Error-Message", "").split())[:300]
        return HttpRefusal(status, headers.get("X-Error-Code", ""), message, origin)


def _retry_after(headers: Message) -> float | None:
    limit = _RATE_LIMIT.search(headers.get("RateLimit", ""))
    if limit and int(limit[1]) == 0:
        return float(limit[2]) + 1.0
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _describe(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
