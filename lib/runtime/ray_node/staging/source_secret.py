"""Secrets of model sources (a hub's token, an index of signed addresses): taken from a folder, then gone.

What a machine has fetched is taken into memory before Ray starts. What a deployment brings, the head asks for
when it is about to fetch; the readiness check, whose container alone has the file, answers. So no engine, job
or model's code finds it in a file. While a deployment waits, who is root in the container can ask, too.
"""

import contextlib
import os
from collections.abc import Callable, Iterable

from ray_node.host import clock, log

#: Beside the state.
_FOLDER = "model-secrets"
#: Of the readiness check.
_OWN_FOLDER = "/run/secrets/ray-cluster"
_ASKED = ".asked"
_DRAFT = ".part"
_MOST_BYTES = 64 << 20
_LONGEST_TOKEN = 4096
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
    if (content := _take(path) or _kept.get(path)) is not None:
        return content
    asked, deadline = path + _ASKED, clock.Deadline(_ANSWER_SECONDS)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    os.close(os.open(asked, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
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
    """What the readiness check hands over."""

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
        """What no head has taken."""
        for path in self._own:
            with contextlib.suppress(OSError):
                _remove(path)

    def _hand_over(self, path: str, own: str) -> None:
        """A link is replaced, never followed."""
        with open(own, "rb") as file:
            content = file.read(_MOST_BYTES)
        draft = path + _DRAFT
        _remove(draft)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(draft, path)
        _remove(path + _ASKED)


def _take(path: str) -> bytes | None:
    """The content of the file, which is gone then; `None`: there is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(number, "rb") as file:
        content = file.read(_MOST_BYTES)
    _remove(path)
    if len(content) < _LONGEST_TOKEN:
        log.hide(content.decode(errors="replace").strip())
    return content


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
