"""Files behind plain HTTPS addresses, for example presigned ones of S3, which need no signing of ours.

The index is JSON: `{"files": [{"path": "config.json", "size": 812, "sha256": "...", "url": "https://..."}]}`.
A relative `url` is relative to the index's own address.
"""

import http.client
import os
import urllib.error
import urllib.request
from typing import Any, BinaryIO

from ray_node.host import json_input, refusals
from ray_node.host.json_input import Malformed
from ray_node.staging import addresses, hub_failure
from ray_node.staging.failure import SourceRefused, Transient
from ray_node.staging.files import BadListing, ModelFile, growing, in_order, parse
from ray_node.staging.request import IndexSource

_PARTIAL = 206
_CHUNK_BYTES = 1024 * 1024


class Index:
    """One list of addresses."""

    def __init__(self, source: IndexSource, content: bytes | None, timeout_seconds: float) -> None:
        """`content`: of the index, unless it is behind an address."""
        self._source = source
        self._content = content
        self._timeout = timeout_seconds
        self._urls: dict[str, str] = {}

    def files(self) -> tuple[ModelFile, ...]:
        """Raises Transient, StagingFailed."""
        index = self._source.index
        try:
            listed = json_input.read(self._read(), json_input.LISTING)["files"]
            files = in_order(parse(entry) for entry in listed)
            base = index if self._source.is_address else ""
            self._urls = {entry["path"]: addresses.checked(entry["url"], base) for entry in listed}
        except (ValueError, KeyError, TypeError) as error:
            # Its addresses are signed: none of the index's own words.
            own = isinstance(error, BadListing | Malformed)
            why = str(error) if own else "it lacks 'files', or an entry its 'url'"
            refusals.note("index", getattr(error, "code", "misfit"))
            raise SourceRefused(
                f"the index of {self._source.name} cannot be used: {why}",
                fix="it must list path, size, sha256 and url of every file",
            ) from error
        if not files:
            raise SourceRefused(f"the index of {self._source.name} lists no file")
        return files

    def fetch(self, file: ModelFile, part: str) -> None:
        """Raises Transient, StagingFailed, OSError of the disk."""
        with growing(part, file) as target:
            offset = target.tell()
            if offset == file.size:
                return
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            fix = "if the address was signed, it may have expired: make a new index"
            with self._open(self._urls[file.path], file.path, fix, headers) as answer:
                if offset and answer.status != _PARTIAL:
                    # No ranges here: from the beginning, then.
                    target.truncate(0)
                try:
                    _copy(answer, target, file.size)
                except (http.client.HTTPException, ConnectionError, TimeoutError, ValueError) as error:
                    raise hub_failure.without_answer(error, file.path) from error
            missing = file.size - os.stat(part).st_size
            if missing > 0:
                raise Transient(f"the connection broke off, {missing} bytes short")

    def blame(self, file: ModelFile) -> str:
        return self._source.name

    def _read(self) -> bytes:
        if self._content is not None:
            return self._content
        what = f"the index of {self._source.name} cannot be read"
        with self._open(self._source.index, what, "", {}) as answer:
            content: bytes = answer.read(json_input.LISTING.size + 1)
            return content

    def _open(self, url: str, what: str, fix: str, headers: dict[str, str]) -> Any:
        origin = hub_failure.origin_of(url)
        try:
            request = urllib.request.Request(addresses.checked(url), headers=headers)
            return addresses.opener.open(request, timeout=self._timeout)
        except BadListing as error:
            raise SourceRefused(f"{what}: {error}", fix=fix) from error
        except urllib.error.HTTPError as error:
            passing = hub_failure.may_pass(error.code, origin, dict(error.headers.items()))
            if passing is not None:
                raise passing from error
            raise SourceRefused(f"{what}: HTTP {error.code} of {origin}", fix=fix) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise hub_failure.without_answer(error, origin) from error


def _copy(answer: Any, target: BinaryIO, size: int) -> None:
    """No more than one byte beyond the whole file: an answer may have no end."""
    while (left := size + 1 - target.tell()) > 0 and (chunk := answer.read(min(left, _CHUNK_BYTES))):
        target.write(chunk)
