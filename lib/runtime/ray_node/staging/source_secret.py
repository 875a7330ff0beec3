"""Secrets of model sources (a hub's token, an index of signed addresses): taken from a folder, then gone.

What a machine fetches at each start is taken into memory before Ray starts. Where a deployment brings it, the
head asks for it when it is about to fetch, and the readiness check, whose container alone mounts the file,
answers. Either way no file of the container holds it once the model is there: neither Ray nor an engine, a
job or a model's code can read it. While a deployment waits, whoever is root in the head's container can ask
as the head does.
"""

import contextlib
import os
from collections.abc import Callable, Iterable

from ray_node.host import clock, log

#: In the head's container, beside the state; of its private volume, or of the machine's memory.
_FOLDER = "model-secrets"
#: Where the readiness check's container has them.
_OWN_FOLDER = "/run/secrets/ray-cluster"
_ASKED = ".asked"
#: A script of the boot writes such a draft.
_DRAFT = ".part"
#: An index of a model with thousands of files has some MiB.
_MOST_BYTES = 64 << 20
#: The readiness check looks four times a second.
_ANSWER_SECONDS = 60.0
_POLL_SECONDS = 0.1

_kept: dict[str, bytes] = {}


def take_all(state_folder: str) -> None:
    """At the start of the head: into memory, and out of the folder. Raises OSError if one stays."""
    folder = os.path.join(os.path.dirname(state_folder), _FOLDER)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.endswith((_ASKED, _DRAFT)):
            os.unlink(path)
        elif (content := _take(path)) is not None:
            _kept[path] = content


def of(path: str, tick: Callable[[], None] = lambda: None) -> bytes:
    """What was handed over at `path`. Raises OSError: FileNotFoundError when nobody answers for a minute.

    `tick` is called all the while and may raise to end the wait.
    """
    content = _take(path)
    if content is None:
        content = _kept.get(path)
    if content is not None:
        return content
    asked, deadline = path + _ASKED, clock.Deadline(_ANSWER_SECONDS)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    os.close(os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        while (content := _take(path)) is None:
            tick()
            if deadline.passed:
                raise FileNotFoundError(2, "no deployment has handed it over", path)
            clock.sleep(_POLL_SECONDS)
    finally:
        _remove(asked)
    return content


class Wallet:
    """Of the readiness check: hands over what its container has, to a head that asks for it."""

    def __init__(self, paths: Iterable[str | None], own_folder: str = _OWN_FOLDER) -> None:
        """`paths`: where the head asks; a file of the same name in `own_folder` is the answer."""
        self._own = {
            path: own
            for path in filter(None, paths)
            if os.path.isfile(own := os.path.join(own_folder, os.path.basename(path)))
        }

    def answer(self) -> None:
        for path, own in self._own.items():
            if not os.path.lexists(path + _ASKED):
                continue
            try:
                self._hand_over(path, own)
            except OSError as error:
                log.line(f"{os.path.basename(path)} cannot be handed to the head: {error.strerror or error}")

    def withdraw(self) -> None:
        """At the end: what no head has taken."""
        for path in self._own:
            with contextlib.suppress(OSError):
                _remove(path)

    def _hand_over(self, path: str, own: str) -> None:
        """A link in place of any of the names is replaced, never followed."""
        with open(own, "rb") as file:
            content = file.read(_MOST_BYTES)
        draft = path + _DRAFT
        _remove(draft)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(draft, path)
        _remove(path + _ASKED)


def _take(path: str) -> bytes | None:
    """The content of the file, which is gone then; `None`: there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(number, "rb") as file:
        content = file.read(_MOST_BYTES)
    _remove(path)
    for line in (content.decode(errors="replace").splitlines())[:1]:
        log.hide(line.strip())
    return content


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
