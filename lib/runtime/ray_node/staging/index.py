"""Files behind plain HTTPS addresses, for example presigned ones of S3, which need no signing of ours.

The index is JSON: `{"files": [{"path": "config.json", "size": 812, "sha256": "...", "url": "https://..."}]}`.
A relative `url` is relative to the index's own address.
"""

import http.client
import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ray_node.staging import hub_failure
from ray_node.staging.failure import SourceRefused, Transient
from ray_node.staging.files import ModelFile, growing, in_order, parse
from ray_node.staging.request import IndexSource

_INDEX_BYTES = 64 * 1024**2
_PARTIAL = 206


class Index:
    """One list of addresses."""

    def __init__(self, source: IndexSource, timeout_seconds: float) -> None:
        self._source = source
        self._timeout = timeout_seconds
        self._urls: dict[str, str] = {}

    def files(self) -> tuple[ModelFile, ...]:
        """Raises Transient, StagingFailed."""
        index = self._source.index
        try:
            listed = json.loads(self._read(index))["files"]
            files = in_order(parse(entry) for entry in listed)
            base = index if _is_url(index) else ""
            self._urls = {entry["path"]: urllib.parse.urljoin(base, entry["url"]) for entry in listed}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceRefused(
                f"the index of {self._source.name} cannot be used: {error}",
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
                    shutil.copyfileobj(answer, target, 1024 * 1024)
                except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                    raise hub_failure.without_answer(error, file.path) from error
            missing = file.size - os.stat(part).st_size
            if missing > 0:
                raise Transient(f"the connection broke off, {missing} bytes short")

    def _read(self, index: str) -> bytes:
        if _is_url(index):
            with self._open(index, f"the index of {self._source.name} cannot be read", "", {}) as answer:
                content: bytes = answer.read(_INDEX_BYTES)
                return content
        try:
            with open(index, "rb") as file:
                return file.read(_INDEX_BYTES)
        except OSError as error:
            why = error.strerror or str(error)
            raise SourceRefused(f"the index {index} cannot be read: {why}") from error

    def _open(self, url: str, what: str, fix: str, headers: dict[str, str]) -> Any:
        origin = hub_failure.origin_of(url)
        if not _is_url(url):
            raise SourceRefused(f"{what}: only http and https are read, got '{url.partition(':')[0]}:'")
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=self._timeout)
        except urllib.error.HTTPError as error:
            passing = hub_failure.may_pass(error.code, origin, dict(error.headers.items()))
            if passing is not None:
                raise passing from error
            raise SourceRefused(f"{what}: HTTP {error.code} of {origin}", fix=fix) from error
        except (OSError, http.client.HTTPException) as error:
            raise hub_failure.without_answer(error, origin) from error


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))
