"""A head with node.json of schema 2, to which the test delivers workloads, on a simulated clock."""

import json
import threading
from typing import Any

import support
from head_case import WHOLE, FakeReader, HeadCase, HeadWithoutRay

from ray_node.agent import delivery, state
from ray_node.agent.rollout import Rollout
from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.cli import wait
from ray_node.config import workload
from ray_node.config.load import parse
from ray_node.config.workload import NumberedWorkload


class RolloutCase(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        FakeReader.nodes = WHOLE
        self.value = support.on_loopback(self.folder, pools__0__addresses=[support.HEAD, support.WORKER])
        self.config = parse(support.node_life(self.value))
        self.path = state.path_of(self.config.paths.state, "npu-0")
        self.store = WorkloadFolder(self.config.paths.state, self.config.cluster)

    def begin(self) -> None:
        """A life of the head; one that runs is ended before."""
        self.head = HeadWithoutRay(self.config)
        head = self.head
        self.thread = threading.Thread(target=lambda: self.code.append(head.life()))
        self.thread.start()
        worker = threading.Thread(target=self.keep_reporting)
        worker.start()
        self.addCleanup(support.join, worker)
        self.addCleanup(self.end)

    def made(self, *flags: str, **changes: Any) -> NumberedWorkload:
        """The example with further flags of the engine, and with `{"pools__0__nodes": ...}` set."""
        paths = {path.replace("__", "."): item for path, item in changes.items()}
        value = support.changed(support.workload_file(self.value), paths)
        value["engine"]["argv"] += flags
        return workload.parse(json.dumps(value).encode(), self.config.cluster)

    def deliver(self, given: NumberedWorkload, holder: str = "ann") -> None:
        delivery.deliver(self.store, given, holder)

    def wait(self, given: NumberedWorkload, holder: str = "ann@desk-7") -> int:
        """`ray_node wait --workload`: what it prints is in `printed`."""
        path, deployer = self.folder / f"{given.number}.json", self.folder / "deployer"
        path.write_bytes(given.content)
        deployer.write_text(f"{holder}\n")
        return wait.deliver(self.config, str(path), str(deployer))

    def found(self) -> dict[str, Any]:
        return state.read(self.path) or {}

    def record(self) -> Rollout:
        return self.store.rollout()

    def until_record(self, current: NumberedWorkload | None, is_over: bool = True) -> Rollout:
        wanted = current.number if current is not None else None

        def there() -> bool:
            record = self.record()
            return record.current == wanted and (record.next is None) == is_over

        support.await_that(there, lambda: (self.record(), self.states()))
        return self.record()

    @property
    def text(self) -> str:
        return "\n".join(self.printed)
