"""`<paths.state>/workloads/`: what the head and those who deliver to it find in one folder, and its lock."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ray_node.agent.rollout import Rollout
from ray_node.channel import plain
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.workload import NumberedWorkload
from ray_node.host import json_input, regular_file, whole_file

SCHEMA = 1
_FOLDER = "workloads"
_ROLLOUT = "rollout.json"
_REQUEST = "request.json"
_LOCK = "lock"
T = TypeVar("T")


class Unreadable(Exception):
    """A file of the folder cannot be read."""


class Damaged(Unreadable):
    """A file of the folder is not what the node program writes."""


@dataclass(frozen=True)
class Request:
    """Asks the head to run the workload with this number, whose file is in the folder."""

    number: str
    #: Who delivered it, for people.
    holder: str
    at: str


class WorkloadFolder:
    """Files are replaced as a whole. Who reads one file to write another does so under the lock."""

    def __init__(self, state_folder: str, cluster: str) -> None:
        self.path = os.path.join(state_folder, _FOLDER)
        self._cluster = cluster

    @contextlib.contextmanager
    def lock(self) -> Iterator[bool]:
        """Never waits; yields whether it was free. The end of the process, of whatever kind, frees it."""
        os.makedirs(self.path, exist_ok=True)
        number = os.open(os.path.join(self.path, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(number)

    def rollout(self) -> Rollout:
        """An empty one before the first. Raises Unreadable."""
        return self._read(_ROLLOUT, Rollout) or Rollout()

    def set_rollout_aside(self) -> None:
        """For people to look at; `prune` removes it. Raises OSError."""
        path = os.path.join(self.path, _ROLLOUT)
        whole_file.rename_durably(path, f"{path}.damaged")

    def put_rollout(self, rollout: Rollout) -> None:
        """Raises OSError."""
        self._put(_ROLLOUT, rollout)

    def request(self) -> Request | None:
        """Raises Unreadable."""
        return self._read(_REQUEST, Request)

    def put_request(self, request: Request) -> None:
        """Raises OSError."""
        self._put(_REQUEST, request)

    def remove_request(self) -> None:
        """Raises OSError."""
        whole_file.remove_durably(os.path.join(self.path, _REQUEST))

    def workload(self, number: str) -> NumberedWorkload:
        """Raises ConfigError when there is no such file, or when it is not what its number says."""
        name = f"{number}.json"
        if not workload.is_number(number):
            raise ConfigError(repr(name), ["the number of a workload is 12 hexadecimal digits"])
        try:
            with regular_file.opened(os.path.join(self.path, name)) as file:
                content = file.read(json_input.OWN_FILE.size + 1)
        except OSError as error:
            raise ConfigError(name, [f"cannot be read: {error.strerror or error}"]) from error
        if (found := workload.number_of(content)) != number:
            raise ConfigError(name, [f"must have the content of its number, got that of {found}"])
        return workload.parse(content, self._cluster, name)

    def put_workload(self, content: bytes) -> str:
        """Returns the number. Raises OSError."""
        number = workload.number_of(content)
        whole_file.write_durably(os.path.join(self.path, f"{number}.json"), content)
        return number

    def prune(self, kept: set[str]) -> None:
        """Remove all other workloads, and what a killed process has left. Raises OSError. Under the lock."""
        for name in sorted(os.listdir(self.path)):
            number, is_file, rest = name.partition(".json")
            if is_file and (rest or (workload.is_number(number) and number not in kept)):
                whole_file.remove_durably(os.path.join(self.path, name))

    def _put(self, name: str, value: object) -> None:
        text = json.dumps({"schema": SCHEMA, **plain.encode(value)}, indent=1) + "\n"
        whole_file.write_durably(os.path.join(self.path, name), text.encode())

    def _read(self, name: str, kind: type[T]) -> T | None:
        path = os.path.join(self.path, name)
        try:
            value: Any = json_input.read_file(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise Damaged(f"{path} {error}") from error
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            raise Damaged(f"{path} is not of schema {SCHEMA}")
        try:
            return plain.decode(kind, value, maximum_text=None)
        except plain.NotPlain as error:
            raise Damaged(f"{path} cannot be used: {error}") from error
