"""Files behind plain HTTPS addresses, for example presigned ones of S3, which need no signing of ours.

The index is JSON: `{"files": [{"path": "config.json", "size": 812, "sha256": "...", "url": "https://..."}]}`.
A relative `url` is relative to the index's own address.
"""

import json
import urllib.parse

from ray_node.staging.failure import SourceRefused
from ray_node.staging.files import ModelFile, in_order, parse
from ray_node.staging.http import Body, HttpClient, HttpRefusal
from ray_node.staging.request import IndexSource

_INDEX_BYTES = 64 * 1024**2


class Index:
    """Raises SourceRefused when the index is of another form."""

    def __init__(self, source: IndexSource, timeout_seconds: float) -> None:
        self._source = source
        self._client = HttpClient(timeout_seconds)
        self._urls: dict[str, str] = {}

    def files(self) -> tuple[ModelFile, ...]:
        """Raises Transient, StagingFailed."""
        try:
            listed = json.loads(self._read())["files"]
            files = in_order(parse(entry) for entry in listed)
            base = self._source.index if _is_url(self._source.index) else ""
            self._urls = {entry["path"]: urllib.parse.urljoin(base, entry["url"]) for entry in listed}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceRefused(
                f"the index of {self._source.name} cannot be used: {error}",
                fix="it must list path, size, sha256 and url of every file",
            ) from error
        if not files:
            raise SourceRefused(f"the index of {self._source.name} lists no file")
        return files

    def open(self, file: ModelFile, offset: int, length: int) -> Body:
        """Raises Transient, StagingFailed."""
        try:
            return self._client.open(self._urls[file.path], offset, length, file.size)
        except HttpRefusal as refusal:
            raise SourceRefused(
                f"{file.path}: {refusal}",
                fix="if the address was signed, it may have expired: make a new index",
            ) from refusal

    def _read(self) -> bytes:
        index = self._source.index
        if _is_url(index):
            try:
                return self._client.get(index, _INDEX_BYTES)[0]
            except HttpRefusal as refusal:
                why = f"the index of {self._source.name} cannot be read: {refusal}"
                raise SourceRefused(why) from refusal
        try:
            with open(index, "rb") as file:
                return file.read(_INDEX_BYTES)
        except OSError as error:
            why = error.strerror or str(error)
            raise SourceRefused(f"the index {index} cannot be read: {why}") from error


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))
