"""A model of ModelScope, by its own client `modelscope_hub`, which comes with `modelscope` since 1.38.

The client continues half files, and fetches large ones in parallel ranges. Checked 2026-11-28 with 0.5.1.
"""

import os

from modelscope_hub import HubApi
from modelscope_hub.errors import APIError, FileIntegrityError, NetworkError

from ray_node.host import text
from ray_node.staging import hub_failure
from ray_node.staging.failure import Transient
from ray_node.staging.files import SHA256, ModelFile, checked, in_order
from ray_node.staging.hub_failure import HubFailure
from ray_node.staging.request import HubSource

_MODEL = "model"


class ModelScope:
    """One revision of one repository."""

    def __init__(self, source: HubSource, token: str | None, scratch: str) -> None:
        self._source = source
        # An empty token is none; without one the client would look for a person's login.
        self._api = HubApi(endpoint=source.endpoint.rstrip("/"), token=token or "")
        self._scratch = scratch
        self._failures = HubFailure(source, token is not None)

    def files(self) -> tuple[ModelFile, ...]:
        """The chosen files. Raises Transient, StagingFailed."""
        source = self._source
        try:
            found = self._api.list_repo_files(source.repository, _MODEL, revision=source.revision)
            listed = in_order(
                checked(entry.path, entry.size, SHA256, entry.sha256)
                for entry in found
                if entry.type != "tree" and source.wants(entry.path)
            )
        except Exception as error:
            raise self._meaning(error) from error
        if not listed:
            raise self._failures.nothing_chosen()
        return listed

    def fetch(self, file: ModelFile, part: str) -> None:
        """Raises Transient, StagingFailed, OSError of the disk."""
        # Ranges may arrive in any order, so no other node may take from this file while it grows.
        try:
            found = self._api.download_file(
                self._source.repository,
                _MODEL,
                file.path,
                revision=self._source.revision,
                local_dir=self._scratch,
                file_size=file.size,
                # A file that is wrong is fetched again by whoever checks it.
                force=True,
            )
        except Exception as error:
            raise self._meaning(error) from error
        os.replace(found, part)

    def blame(self, file: ModelFile) -> str:
        return self._failures.origin

    def _meaning(self, error: Exception) -> Exception:
        """What the client's exception says to a person, or that another attempt may help."""
        failures = self._failures
        if isinstance(error, APIError) and error.status_code is not None:
            retry_after = getattr(error, "retry_after", None)
            headers = {} if retry_after is None else {"Retry-After": f"{retry_after:.0f}"}
            said = error.message
            passing = hub_failure.may_pass(error.status_code, failures.origin, headers)
            if passing is None and "revision" in said.lower():
                return failures.no_revision()
            return passing or failures.refused(error.status_code, said)
        if isinstance(error, (FileIntegrityError, NetworkError)):
            return Transient(f"{failures.origin}: {text.without_addresses(error.message, 300)}")
        if isinstance(error, hub_failure.UNREADABLE):
            return failures.unreadable(error)
        return hub_failure.without_answer(error, failures.origin)
