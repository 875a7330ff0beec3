"""A hub's token, and what its refusals mean for a person: the same whatever client asked."""

import errno
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping

from ray_node.host import log, text
from ray_node.staging import source_secret
from ray_node.staging.failure import (
    GatedModel,
    RepositoryNotFound,
    RevisionNotFound,
    SourceRefused,
    SourceUnreachable,
    StagingFailed,
    TokenMissing,
    TokenRefused,
    Transient,
)
from ray_node.staging.files import BadListing
from ray_node.staging.request import HubSource

_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)


def origin_of(url: str) -> str:
    """Scheme, host and port, without a user name or a signature that an address may hold."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return text.one_line(f"{parts.scheme}://{parts.hostname or ''}{port}".lower(), 200)


#: What a client raises for an answer that is not a hub's.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def token_of(source: HubSource, tick: Callable[[], None] = lambda: None) -> bytes | None:
    """Raises TokenMissing when a token file is named and holds none. From here on the log never shows it.

    `tick` is called while the token is waited for, and may raise.
    """
    if source.token_file is None:
        return None
    fix = "check that the secret exists, and deploy again: the deployment hands it to the head"
    try:
        token = source_secret.of(source.token_file, tick).strip()
    except OSError as error:
        why = error.strerror or str(error)
        raise TokenMissing(f"the token file {source.token_file} cannot be read: {why}", fix=fix) from error
    said = token.decode("ascii", "replace")
    if not said or not said.isascii() or not said.isprintable() or " " in said:
        raise TokenMissing(f"the token file {source.token_file} holds no token", fix=fix)
    log.hide(said)
    return token


def may_pass(status: int, origin: str, headers: Mapping[str, str]) -> Transient | None:
    """An answer that another attempt may change; `None`: it will not."""
    if status not in _TRY_AGAIN:
        return None
    after = headers.get("Retry-After", "")
    seconds = float(after) if re.fullmatch("[0-9]{1,9}", after) else None
    return Transient(f"{origin} answers HTTP {status}", seconds)


def without_answer(error: Exception, origin: str) -> Exception:
    """An error below HTTP: of the disk, which stays as it is, of a certificate, or of the network."""
    if isinstance(error, OSError) and (error.errno in _DISK or error.filename is not None):
        return error
    for cause in _causes(error):
        if "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return SourceUnreachable(
                f"the certificate of {origin} is not trusted",
                fix="put the certificate authority into the image, or name it in SSL_CERT_FILE",
            )
    # The innermost says it best: "Connection refused" instead of "Max retries exceeded with url ...".
    *_, innermost = _causes(error)
    said = getattr(innermost, "strerror", None) or text.without_addresses(str(innermost))
    return Transient(f"{origin}: {said or type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class HubFailure:
    """Failures of one source."""

    def __init__(self, source: HubSource, has_token: bool) -> None:
        self._source = source
        self._has_token = has_token
        self._name = source.repository
        self.origin = origin_of(source.endpoint)

    def unreadable(self, error: Exception) -> SourceRefused:
        """Only our own words: those of a client may hold an address with its signature."""
        why = str(error) if isinstance(error, BadListing) else type(error).__name__
        return SourceRefused(
            f"{self.origin} does not answer as a hub does: {why}",
            fix="check the endpoint of the model source",
        )

    def nothing_chosen(self) -> SourceRefused:
        return SourceRefused(
            f"{self._name} at {self._source.revision[:12]} has no file that the patterns choose",
            fix="check include and exclude of the model source",
        )

    def no_revision(self) -> RevisionNotFound:
        return RevisionNotFound(
            f"{self._name} has no revision {self._source.revision}",
            fix=f"take a commit of {self._source.page}",
        )

    def no_file(self, said: object) -> SourceRefused:
        return SourceRefused(f"{self._name} lists a file that it does not have: {said}")

    def gated(self, status: int) -> StagingFailed:
        page = self._source.page
        if not self._has_token:
            return TokenMissing(
                f"{self._name} is gated and no token is given",
                fix=f"ask for access at {page} and give a token of that account",
            )
        if status == 401:
            # The hub answers the same with a wrong token as without one.
            return self._token_refused("")
        return GatedModel(
            f"{self._name} is gated and the token's account has no access to it",
            fix=f"ask for access at {page} with the account of the token",
        )

    def refused(self, status: int, said: str) -> StagingFailed:
        """Any other answer of the hub itself, which says `said` about it."""
        # A hub may name the token back.
        said = log.redact(text.without_addresses(said, 300))
        if status == 404 or (status == 401 and not self._has_token):
            why = "the token's account may not see it" if self._has_token else "it is private"
            return RepositoryNotFound(
                f"{self.origin} has no model {self._name}, or {why}",
                fix="check the name" + ("" if self._has_token else ", or give a token"),
            )
        if status == 401:
            return self._token_refused(said)
        if status == 403:
            return GatedModel(
                f"{self._name} may not be read with this token: {said or 'HTTP 403'}",
                fix=f"check access at {self._source.page} and the token's permissions",
            )
        if status == 416:
            return SourceRefused(f"{self._name} has fewer bytes of a file than it lists")
        return SourceRefused(f"{self.origin} answers HTTP {status}" + (f": {said}" if said else ""))

    def _token_refused(self, said: str) -> TokenRefused:
        return TokenRefused(
            f"{self.origin} does not accept the token of {self._source.token_file}"
            + (f": {said}" if said else ""),
            fix="it may be expired or mistyped: put a valid token into the secret",
        )
