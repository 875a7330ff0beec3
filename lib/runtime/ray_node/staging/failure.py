"""Why a model could not be staged: one class a cause, each with a reason and what to do about it."""

import re
from dataclasses import dataclass
from typing import ClassVar

from ray_node.host.failure import Trouble


@dataclass(eq=False)
class StagingFailed(Trouble):
    """The model is not there. `fix` says what a person can do; neither text holds a secret."""

    fix: str = ""
    #: Stable name of the cause, for the state file: the class's name, as in `token-missing`.
    code: ClassVar[str] = "staging-failed"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def __str__(self) -> str:
        return f"{self.reason}; {self.fix}" if self.fix else self.reason


class TokenMissing(StagingFailed):
    """A token is needed and there is none at the given path."""


class TokenRefused(StagingFailed):
    """The hub does not take the token for anybody's."""


class GatedModel(StagingFailed):
    """The token's account may not read the model."""


class RepositoryNotFound(StagingFailed):
    """The hub has no such model, or hides it from this token."""


class RevisionNotFound(StagingFailed):
    """The model has no such commit."""


class SourceRefused(StagingFailed):
    """The source answers, and what it answers is not the model."""


class SourceUnreachable(StagingFailed):
    """No bytes came, however often it was tried."""


class ChecksumMismatch(StagingFailed):
    """A file came twice, and twice it was not what the listing says."""


class PackageMissing(StagingFailed):
    """The image has no client for the source."""

    @staticmethod
    def of(package: str, why: str = "") -> "PackageMissing":
        return PackageMissing(
            f"this node's image has no usable Python package '{package}', which fetches the model"
            + (f": {why}" if why else ""),
            fix="use an image that has it, or ContainerImage.withPythonPackages(...)",
        )


class DiskFull(StagingFailed):
    """The model does not fit."""


class RoomTaken(StagingFailed):
    """The model fits only in place of the one that is in use."""


class FolderUnusable(StagingFailed):
    """The folder cannot be read or written for another reason than its size."""


class FolderTaken(StagingFailed):
    """The folder belongs to another model or revision."""


class ModelMissing(StagingFailed):
    """The model was to be in place already, and is not, or not whole."""


class OtherFolder(StagingFailed):
    """The folder is not the one that the head sees, although the plan calls it shared."""


class LeaseLost(StagingFailed):
    """Another node has taken over, because this one was silent for too long."""


class PeerRefused(StagingFailed):
    """Another node of the cluster refuses to serve this one."""


class PortTaken(StagingFailed):
    """Another program of this node listens where the other nodes would take the files."""


class StagingTimeout(StagingFailed):
    """The model was not complete at the deadline."""


class Transient(Exception):
    """This time it did not work; a later try may. `retry_after_seconds`: what the other side asks for."""

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class NotYet(Exception):
    """There is nothing wrong, the other side just does not have it so far."""
