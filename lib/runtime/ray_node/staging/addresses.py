"""Addresses that a source gives: read, quoted, and followed in one place."""

import urllib.parse
import urllib.request
from http.client import HTTPMessage
from typing import IO

from ray_node.staging.files import BadListing

_SCHEMES = ("http", "https")
_LONGEST = 16 * 1024
#: Reserved letters, and `%`: what is quoted already stays so.
_SAFE = "!#$%&'()*+,/:;=?@[]~"


def checked(address: object, base: str = "") -> str:
    """An absolute http or https address in ASCII. Raises BadListing, without the address in its text."""
    if not isinstance(address, str) or len(address) > _LONGEST:
        raise BadListing("an address is not a text")
    try:
        whole = urllib.parse.urljoin(base, urllib.parse.quote(address, safe=_SAFE))
        parts = urllib.parse.urlsplit(whole)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadListing("an address cannot be read") from None
    if parts.scheme not in _SCHEMES:
        raise BadListing(f"only http and https are read, got '{parts.scheme[:20]}:'")
    if not host or parts.username is not None or not host.isascii() or "%" in host or "\\" in parts.netloc:
        raise BadListing("an address has no host, or one that cannot be read")
    return whole


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = 5
    max_repeats = 2

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Raises BadListing for an address that is not followed."""
        target = checked(newurl, req.full_url)
        if req.type == "https" and not target.startswith("https:"):
            raise BadListing("a redirect leads from https to http")
        return super().redirect_request(req, fp, code, msg, headers, target)


#: Follows redirects that keep to the rules above; proxies as the environment says.
opener = urllib.request.build_opener(_Redirects)
