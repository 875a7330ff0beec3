"""Variables that an image keeps in files for a shell, e.g. CANN's `set_env.sh`, or its users' `.bashrc`."""

import os
import tempfile
from collections.abc import Mapping, Sequence

from ray_node.host import tool
from ray_node.host.failure import NodeFailed

#: Of one file. NNAL's imports PyTorch to find its ABI.
_TIMEOUT_SECONDS = 120.0
#: What a shell sets for itself, or for a person.
_OF_THE_SHELL = frozenset(
    {"COLUMNS", "LESSCLOSE", "LESSOPEN", "LINES", "LS_COLORS", "OLDPWD", "PS1", "PWD", "SHLVL", "_"}
)


def read(paths: Sequence[str], base: Mapping[str, str]) -> dict[str, str]:
    """What the files add to `base`, or change in it, each read over those before it. Raises NodeFailed."""
    found = dict(base)
    for path in paths:
        if not os.path.isfile(path):
            raise NodeFailed(f"the image has no shell file {path}; correct shellFiles of the image")
        found = {**found, **_read(path, found)}
    return {name: value for name, value in found.items() if base.get(name) != value}


def _read(path: str, base: Mapping[str, str]) -> dict[str, str]:
    """An interactive bash: many a `.bashrc` returns at once in any other one.

    What the file prints is not data: the variables come by a file of their own.
    """
    with tempfile.NamedTemporaryFile(prefix="shell-file-") as output:
        argv = ["bash", "--noprofile", "--rcfile", path, "-i", "-c", 'exec env -0 >"$0"', output.name]
        answer = tool.ask(argv, _TIMEOUT_SECONDS, base)
        text = output.read().decode(errors="surrogateescape")
    if not answer.ok or not text:
        raise NodeFailed(f"the image's shell file {path} cannot be read: {answer.line}")
    pairs = (entry.partition("=") for entry in text.split("\0") if entry)
    return {name: value for name, _, value in pairs if name not in _OF_THE_SHELL}
