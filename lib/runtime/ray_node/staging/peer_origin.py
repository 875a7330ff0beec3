"""The other nodes of the cluster as the origin of files."""

import contextlib
import os

from ray_node.staging.failure import Transient
from ray_node.staging.files import ModelFile
from ray_node.staging.peers import Peers
from ray_node.staging.request import StagingRequest

_CHUNK_BYTES = 256 * 1024


class PeerOrigin:
    """They give what they have, also of files that still grow."""

    def __init__(self, request: StagingRequest) -> None:
        assert request.fan_out is not None
        self._peers = Peers(request.fan_out, request.source.identity, request.pace)

    def files(self) -> tuple[ModelFile, ...]:
        """Raises NotYet, Transient, PeerRefused."""
        return self._peers.files()

    def fetch(self, file: ModelFile, part: str) -> None:
        """Raises NotYet, Transient, PeerRefused, OSError of the disk."""
        with open(part, "ab") as target:
            if target.tell() > file.size:
                target.truncate(0)
            while (offset := target.seek(0, os.SEEK_END)) < file.size:
                with contextlib.closing(self._peers.open(file, offset, file.size - offset)) as body:
                    while chunk := body.read(_CHUNK_BYTES):
                        target.write(chunk)
                        target.flush()
                if target.tell() == offset:
                    raise Transient("the answer was empty")
