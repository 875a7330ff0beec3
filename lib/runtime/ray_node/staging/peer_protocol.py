"""What nodes say to each other to share a model: two GET requests, signed as reports are.

`/v1/staging/list`: the files and from whom to take them; only the head is asked. `/v1/staging/file?path=...`
with a range: bytes that are there already, at most to the range's end; 204: none so far.
"""

import json
import secrets
import urllib.parse
from dataclasses import dataclass
from typing import Any

from ray_node.channel import report
from ray_node.staging.files import ModelFile, in_order, parse, plain

LIST_PATH = "/v1/staging/list"
FILE_PATH = "/v1/staging/file"
MODEL_PARAMETER = "model"
FILE_PARAMETER = "path"
NONCE_HEADER = "X-Ray-Node-Nonce"
MAXIMUM_LIST_BYTES = 64 * 1024**2


class BadListing(Exception):
    """The answer is not what the protocol allows."""


@dataclass(frozen=True)
class Listing:
    """What the head answers."""

    model: str
    #: `None`: the head does not know them yet.
    files: tuple[ModelFile, ...] | None
    #: Why the head itself cannot get the model.
    failure: str | None
    #: Addresses to take files from, best first; the head is the last.
    upstreams: tuple[str, ...]


def target(endpoint: str, **parameters: str) -> str:
    return f"{endpoint}?{urllib.parse.urlencode(parameters)}"


def sign_request(request_target: str, byte_range: str, address: str, token: str | None) -> dict[str, str]:
    """Headers of a request that `address` sends."""
    nonce = secrets.token_hex(8)
    signature = report.sign(_words(request_target, byte_range, address, nonce), token)
    headers = {NONCE_HEADER: nonce}
    if byte_range:
        headers["Range"] = byte_range
    if signature is not None:
        headers[report.SIGNATURE_HEADER] = signature
    return headers


def is_request_signed(
    request_target: str, byte_range: str, address: str, nonce: str, signature: str | None, token: str | None
) -> bool:
    return report.is_signed(_words(request_target, byte_range, address, nonce), signature, token)


def encode_listing(listing: Listing, nonce: str) -> bytes:
    value = {
        "nonce": nonce,
        "model": listing.model,
        "files": None if listing.files is None else [plain(file) for file in listing.files],
        "failure": listing.failure,
        "upstreams": list(listing.upstreams),
    }
    return json.dumps(value).encode()


def decode_listing(body: bytes, nonce: str) -> Listing:
    """Raises BadListing; an answer to another request is one, too."""
    try:
        value: dict[str, Any] = json.loads(body)
        if value["nonce"] != nonce:
            raise ValueError("it belongs to another request")
        files = value["files"]
        return Listing(
            model=str(value["model"]),
            files=None if files is None else in_order(parse(entry) for entry in files),
            failure=None if value["failure"] is None else " ".join(str(value["failure"]).split())[:2000],
            upstreams=tuple(str(address) for address in value["upstreams"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadListing(f"the list of files cannot be used: {error}") from error


def _words(request_target: str, byte_range: str, address: str, nonce: str) -> bytes:
    """What is signed. With the sender's address, so that nobody else can send it again."""
    return "\n".join(("GET", request_target, byte_range, address, nonce)).encode()
