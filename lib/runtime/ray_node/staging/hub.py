"""The Hugging Face hub's API: the list of a revision's files, their content, and what its refusals mean.

Checked 2026-11-21 against huggingface_hub at ee0a4510 (`hf_api.py`, `file_download.py`, `utils/_http.py`):
`/api/models/<repository>/tree/<revision>?recursive=true` with pages by `Link`, `/<repository>/resolve/...`
with a redirect to a signed address of another host for large files, `X-Error-Code`.
"""

import fnmatch
import json
import urllib.parse
from typing import Any

from ray_node.host import log
from ray_node.staging.failure import (
    GatedModel,
    RepositoryNotFound,
    RevisionNotFound,
    SourceRefused,
    StagingFailed,
    TokenMissing,
    TokenRefused,
    Transient,
)
from ray_node.staging.files import GIT_SHA1, SHA256, ModelFile, checked, in_order
from ray_node.staging.http import Body, HttpClient, HttpRefusal, origin_of
from ray_node.staging.request import HubSource

_PAGE_BYTES = 64 * 1024**2
_MAXIMUM_PAGES = 1000


class Hub:
    """One revision of one repository."""

    def __init__(self, source: HubSource, timeout_seconds: float) -> None:
        """Raises TokenMissing when a token file is named and holds none."""
        self._source = source
        self._endpoint = source.endpoint.rstrip("/")
        self._origin = origin_of(self._endpoint)
        self._token = _token(source)
        self._client = HttpClient(timeout_seconds, self._token, self._origin)

    def files(self) -> tuple[ModelFile, ...]:
        """The chosen files. Raises Transient, StagingFailed."""
        source = self._source
        base = f"{self._endpoint}/api/models/{source.repository}/tree/{source.revision}?recursive=true"
        found: list[ModelFile] = []
        url: str | None = base
        for _ in range(_MAXIMUM_PAGES):
            entries, url = self._page(url or base, base)
            found += [self._file(entry) for entry in entries if _is_file(entry) and self._is_chosen(entry)]
            if url is None:
                break
        if not found:
            raise SourceRefused(
                f"{source.repository} at {source.revision[:12]} has no file that the patterns choose",
                fix="check include and exclude of the model source",
            )
        try:
            return in_order(found)
        except ValueError as error:
            raise self._unreadable(error) from error

    def open(self, file: ModelFile, offset: int, length: int) -> Body:
        """Raises Transient, StagingFailed."""
        source = self._source
        path = urllib.parse.quote(file.path)
        url = f"{self._endpoint}/{source.repository}/resolve/{source.revision}/{path}"
        try:
            return self._client.open(url, offset, length, file.size)
        except HttpRefusal as refusal:
            raise self._meaning(refusal) from refusal

    def _page(self, url: str, base: str) -> tuple[list[Any], str | None]:
        try:
            content, headers = self._client.get(url, _PAGE_BYTES)
        except HttpRefusal as refusal:
            raise self._meaning(refusal) from refusal
        try:
            entries = json.loads(content)
        except ValueError as error:
            raise self._unreadable(error) from error
        if not isinstance(entries, list):
            raise self._unreadable("not a list of files")
        return entries, _next_page(headers.get("Link", ""), base)

    def _file(self, entry: dict[str, Any]) -> ModelFile:
        large = entry.get("lfs")
        try:
            if isinstance(large, dict):
                return checked(entry.get("path"), large.get("size"), SHA256, large.get("oid"))
            return checked(entry.get("path"), entry.get("size"), GIT_SHA1, entry.get("oid"))
        except ValueError as error:
            raise self._unreadable(error) from error

    def _is_chosen(self, entry: dict[str, Any]) -> bool:
        path = str(entry.get("path"))

        def matches(patterns: tuple[str, ...]) -> bool:
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)

        return matches(self._source.include) and not matches(self._source.exclude)

    def _unreadable(self, why: object) -> SourceRefused:
        return SourceRefused(
            f"{self._origin} does not answer as a hub does: {why}",
            fix="check the endpoint of the model source",
        )

    def _meaning(self, refusal: HttpRefusal) -> Exception:
        """A refusal as a failure that a person can act on, or as Transient."""
        source = self._source
        revision = f"{source.repository} has no revision {source.revision}"
        if refusal.status == 416:
            return SourceRefused(f"{source.repository} has fewer bytes of a file than it lists: {refusal}")
        if refusal.origin != self._origin:
            # Large files come from signed addresses that expire: the next try gets a new one.
            return Transient(str(refusal))
        if refusal.code == "RevisionNotFound":
            return RevisionNotFound(revision, fix=f"take a commit of {source.page}/commits/main")
        if refusal.code == "EntryNotFound":
            return SourceRefused(f"{source.repository} lists a file that it does not have: {refusal}")
        if refusal.code == "GatedRepo":
            return self._gated(refusal)
        if refusal.code == "RepoNotFound" or refusal.status == 404:
            return self._not_found("the token's account may not see it" if self._token else "it is private")
        if refusal.status == 401:
            return self._refused_token(refusal) if self._token else self._not_found("it is private")
        if refusal.status == 403:
            return GatedModel(
                f"{source.repository} may not be read with this token: {refusal.message or refusal}",
                fix=f"check access at {source.page} and the token's permissions",
            )
        return SourceRefused(str(refusal))

    def _gated(self, refusal: HttpRefusal) -> StagingFailed:
        page = self._source.page
        if self._token is None:
            return TokenMissing(
                f"{self._source.repository} is gated and no token is given",
                fix=f"ask for access at {page} and give a token of that account",
            )
        if refusal.status == 401:
            # The hub answers the same with a wrong token as without one.
            return self._refused_token(refusal)
        return GatedModel(
            f"{self._source.repository} is gated and the token's account has no access to it",
            fix=f"ask for access at {page} with the account of the token",
        )

    def _refused_token(self, refusal: HttpRefusal) -> TokenRefused:
        why = refusal.message or refusal
        return TokenRefused(
            f"{self._origin} does not accept the token of {self._source.token_file}: {why}",
            fix="it may be expired or mistyped: put a valid token into the secret",
        )

    def _not_found(self, otherwise: str) -> RepositoryNotFound:
        return RepositoryNotFound(
            f"{self._origin} has no model {self._source.repository}, or {otherwise}",
            fix="check the name" + ("" if self._token else ", or give a token"),
        )


def _token(source: HubSource) -> str | None:
    if source.token_file is None:
        return None
    fix = "check that the secret exists and is mounted into the head's container"
    try:
        with open(source.token_file, encoding="ascii") as file:
            token = file.read().strip()
    except OSError as error:
        why = error.strerror or str(error)
        raise TokenMissing(f"the token file {source.token_file} cannot be read: {why}", fix=fix) from error
    except UnicodeDecodeError as error:
        raise TokenMissing(f"the token file {source.token_file} holds no token", fix=fix) from error
    if not token or not token.isprintable() or " " in token:
        raise TokenMissing(f"the token file {source.token_file} holds no token", fix=fix)
    log.hide(token)
    return token


def _is_file(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("type") == "file"


def _next_page(link: str, base: str) -> str | None:
    """Only the cursor is taken from the header: a mirror may pass on an address of the hub itself."""
    for part in link.split(","):
        target, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            query = urllib.parse.urlsplit(target.strip(" <>")).query
            cursor = urllib.parse.parse_qs(query).get("cursor")
            if cursor:
                return f"{base}&cursor={urllib.parse.quote(cursor[0], safe='')}"
    return None
