"""A model of the Hugging Face hub, by its own client `huggingface_hub`.

`hf_hub_download` itself is not used: since 1.x it begins a file again after a crash, and the half file has a
random name, so that no other node could take from it. What it is made of has neither fault: `http_get`
continues a file, `xet_get` fetches it in parallel ranges. Checked 2026-11-28 with 0.36.2 and 2.4.0.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RevisionNotFoundError
from huggingface_hub.file_download import get_hf_file_metadata, http_get, xet_get

from ray_node.staging import hub_failure
from ray_node.staging.failure import SourceRefused, Transient
from ray_node.staging.files import GIT_SHA1, SHA256, ModelFile, checked, growing, in_order
from ray_node.staging.hub_failure import HubFailure
from ray_node.staging.request import HubSource

#: What a crash may cost per file, and how soon the next node sees it grow.
_CHUNK_BYTES = 256 * 1024
#: A bound of our own choice: parallel ranges gain little on smaller files, and asking whether the hub has one
#: in Xet is one more request for each of them.
_XET_BYTES = 64 * 1024**2


class HuggingFace:
    """One revision of one repository."""

    def __init__(self, source: HubSource, token: str | None, scratch: str, timeout_seconds: float) -> None:
        constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
        self._source = source
        self._endpoint = source.endpoint.rstrip("/")
        # `False`: no token, not even one that somebody has left in the image.
        self._token = token or False
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._scratch = Path(scratch)
        self._timeout = timeout_seconds
        self._failures = HubFailure(source, token is not None)

    def files(self) -> tuple[ModelFile, ...]:
        """The chosen files. Raises Transient, StagingFailed."""
        source, api = self._source, HfApi(endpoint=self._endpoint, token=self._token)
        try:
            found = api.model_info(
                source.repository, revision=source.revision, files_metadata=True, timeout=self._timeout
            )
            listed = in_order(_file(entry) for entry in found.siblings or () if source.wants(entry.rfilename))
        except Exception as error:
            raise self._meaning(error) from error
        if not listed:
            raise self._failures.nothing_chosen()
        return listed

    def fetch(self, file: ModelFile, part: str) -> None:
        """Raises Transient, StagingFailed, OSError of the disk."""
        source = self._source
        url = hf_hub_url(source.repository, file.path, revision=source.revision, endpoint=self._endpoint)
        try:
            if not self._fetch_by_xet(url, file, part):
                self._fetch_by_http(url, file, part)
        except Exception as error:
            raise self._meaning(error) from error

    def blame(self, file: ModelFile) -> str:
        return self._failures.origin

    def _fetch_by_xet(self, url: str, file: ModelFile, part: str) -> bool:
        """Whether the hub offers the file that way, and the image has the means."""
        if file.size < _XET_BYTES or constants.HF_HUB_DISABLE_XET or find_spec("hf_xet") is None:
            return False
        found = get_hf_file_metadata(url, token=self._token, timeout=self._timeout, endpoint=self._endpoint)
        if found.xet_file_data is None:
            return False
        # Its ranges arrive in any order, so no other node may take from this file while it grows.
        target = self._scratch / file.digest.value
        target.parent.mkdir(parents=True, exist_ok=True)
        xet_get(
            incomplete_path=target,
            xet_file_data=found.xet_file_data,
            headers=self._headers,
            expected_size=file.size,
        )
        os.replace(target, part)
        return True

    def _fetch_by_http(self, url: str, file: ModelFile, part: str) -> None:
        with growing(part, file) as target:
            if (offset := target.tell()) < file.size:
                # Both HTTP libraries that the client may use drop the token on the way to another host.
                http_get(url, target, resume_size=offset, headers=self._headers, expected_size=file.size)

    def _meaning(self, error: Exception) -> Exception:
        """What the client's exception says to a person, or that another attempt may help."""
        response = getattr(error, "response", None)
        if response is None:
            if isinstance(error, ValueError) and "too large" in str(error):
                return SourceRefused(
                    f"{self._source.repository} has a file above 50 GB, which the hub gives by Xet alone",
                    fix="use an image with the Python package 'hf_xet'",
                )
            if isinstance(error, hub_failure.UNREADABLE):
                return self._failures.unreadable(error)
            return hub_failure.without_answer(error, self._failures.origin)
        return self._refusal(error, int(response.status_code), str(response.url), response.headers)

    def _refusal(self, error: Exception, status: int, url: str, headers: Any) -> Exception:
        failures, origin = self._failures, hub_failure.origin_of(url)
        passing = hub_failure.may_pass(status, origin, headers)
        if passing is not None:
            return passing
        if origin != failures.origin and status != 416:
            # Large files come from signed addresses that expire: the next attempt gets a new one.
            return Transient(f"{origin} answers HTTP {status}")
        if isinstance(error, RevisionNotFoundError):
            return failures.no_revision()
        if isinstance(error, EntryNotFoundError):
            return failures.no_file(f"HTTP {status}")
        if isinstance(error, GatedRepoError):
            return failures.gated(status)
        return failures.refused(status, str(headers.get("X-Error-Message", "")))


def _file(entry: Any) -> ModelFile:
    if entry.lfs is not None:
        return checked(entry.rfilename, entry.lfs["size"], SHA256, entry.lfs["sha256"])
    return checked(entry.rfilename, entry.size, GIT_SHA1, entry.blob_id)
