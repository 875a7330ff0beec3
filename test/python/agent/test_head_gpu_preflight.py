"""GPUs and RDMA adapters of two machines, from the preflight to the culprit of the head's verdict."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import support
from gpu_machine import GpuMachine
from head_case import WHOLE, FakeReader, HeadCase
from simulated_sysfs import ethernet

from ray_node.agent import state
from ray_node.channel.tasks import TaskRunner
from ray_node.config.load import parse
from ray_node.hardware.gpu import facts as gpu_facts
from ray_node.preflight import tasks as preflight_tasks

#: Before they are replaced.
HANDLERS, GATHER = preflight_tasks.handlers, gpu_facts.gather
RAILS = 4
Break = Callable[[GpuMachine], None]


def infiniband(machine: GpuMachine) -> None:
    """Four rails, each with a GPU on its side of the machine."""
    for index in range(RAILS):
        gid = f"fe80:0000:0000:0001:506b:4b03:00{index:02x}:0001"
        machine.sysfs.port(f"mlx5_{index}", "InfiniBand", gids={0: (gid, "IB/RoCE v1")})


def roce(machine: GpuMachine) -> None:
    for index in range(RAILS):
        machine.sysfs.port(f"mlx5_{index}", "Ethernet", gids=ethernet(f"192.168.{index}.1"))


def port(name: str, layer: str, **changes: Any) -> Break:
    return lambda machine: machine.sysfs.port(name, layer, **changes)


def gpu(index: int, **changes: Any) -> Break:
    def change(machine: GpuMachine) -> None:
        machine.gpus[index] = replace(machine.gpus[index], **changes)

    return change


def every(*breaks: Break) -> Break:
    def change(machine: GpuMachine) -> None:
        for each in breaks:
            each(machine)

    return change


def rails(layer: str, **changes: Any) -> Break:
    return every(*(port(f"mlx5_{index}", layer, **changes) for index in range(RAILS)))


def unplugged(machine: GpuMachine) -> None:
    for number in range(4):
        machine.sysfs.pci(f"0000:{number + 15:02x}:00.0", 0)
    del machine.gpus[3]


def silent(words: str) -> Break:
    return lambda machine: setattr(machine, "trouble", words)


DOWN = {"state": "1: DOWN", "physical": "2: Polling"}
FOREIGN = {0: ("fe80:0000:0000:0002:506b:4b03:0009:0001", "IB/RoCE v1")}
RESERVED = ((4711, "C", "VLLM::Worker_TP0", 73014),)
#: What is broken on the second machine, the fabric, and what the head says of it.
CASES: tuple[tuple[str, str, Break, str], ...] = (
    # Deliverable 7: RDMA as built.
    (
        "a rail that is down",
        "infiniband",
        port("mlx5_2", "InfiniBand", **DOWN),
        "rdma adapters: 3 usable RDMA ports",
    ),
    (
        "a rail in the storage fabric",
        "infiniband",
        port("mlx5_2", "InfiniBand", gids=FOREIGN),
        "rdma adapters: active and not usable: mlx5_2:1 is in subnet fe80:0000:0000:0002",
    ),
    (
        "a rail without an address",
        "roce",
        port("mlx5_1", "Ethernet", gids={}),
        "rdma adapters: active and not usable: mlx5_1:1 has no RoCE v2 GID over IPv4",
    ),
    (
        "nothing but a slow management port",
        "roce",
        every(rails("Ethernet", **DOWN), port("mlx5_bond_0", "Ethernet", rate="25 Gb/sec (1X EDR)")),
        "fabric roce: no RoCE v2 GID over IPv4 on mlx5_bond_0:1",
    ),
    (
        "another link type",
        "infiniband",
        roce,
        "fabric infiniband: no adapter with link layer InfiniBand: mlx5_0:1 is Ethernet",
    ),
    (
        "no subnet manager",
        "infiniband",
        rails("InfiniBand", state="2: INIT"),
        "INIT: no subnet manager answers; start opensm",
    ),
    (
        "no device files",
        "infiniband",
        lambda machine: machine.remove("dev/infiniband/uverbs0"),
        "device files: no uverbs in /dev/infiniband: rdma_cm",
    ),
    # Deliverable 4: right, not there.
    (
        "a process on a GPU",
        "infiniband",
        gpu(1, used=73014, processes=RESERVED),
        "VLLM::Worker_TP0 (process 4711",
    ),
    ("MIG", "infiniband", gpu(2, mig="Enabled"), "GPU 2: "),
    ("errors of ECC", "infiniband", gpu(0, uncorrectable="3", reset="Yes"), "GPU 0: "),
    ("a failed row", "infiniband", gpu(3, remapping_failed="Yes"), "GPU 3: "),
    ("a fabric manager that has not come", "infiniband", gpu(0, fabric=("In Progress", "N/A")), "GPU 0: "),
    ("a GPU that fell off the bus", "infiniband", unplugged, "3 of 4 GPUs"),
    (
        "a driver that does not answer",
        "infiniband",
        silent("Failed to initialize NVML: Driver/library version mismatch"),
        "the driver was updated and the kernel runs the old one: reboot the host",
    ),
)


class HeadGpuPreflightTest(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        self.machines = [GpuMachine(self), GpuMachine(self)]
        by_sysfs = {machine.sysfs.root: machine for machine in self.machines}

        def gather(share: float, chosen: Any, sysfs: str) -> gpu_facts.GpuFacts:
            return GATHER(share, by_sysfs[sysfs].nvidia_smi, chosen, sysfs)

        rooted = functools.partial(HANDLERS, root=self.machines[0].root)
        for patch in (
            mock.patch("ray_node.preflight.tasks.handlers", rooted),
            mock.patch("ray_node.hardware.gpu.facts.gather", gather),
            mock.patch("ray_node.hardware.rdma.facts.resource.getrlimit", return_value=(-1, -1)),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def begin(self, fabric: str, minimum_driver: str = "570") -> None:
        FakeReader.nodes = WHOLE
        values = {"board": None, "devices": "real", "collective": "nccl", "minimumDriver": minimum_driver}
        changes: dict[str, Any] = {f"preflight__{key}": value for key, value in values.items()}
        changes |= {"preflight__fabric": fabric, "node__accelerators__planned": 4}
        loaded = parse(support.on_loopback(self.folder, **changes))
        handlers = HANDLERS(loaded, "npu-1", support.WORKER, {}, self.machines[1].root)
        self.tasks = TaskRunner(handlers, lambda: None)
        self.start(**changes)

    def test_machines_as_they_should_be_serve(self) -> None:
        for machine in self.machines:
            infiniband(machine)
        self.begin("infiniband")
        self.until("serving")

    def check(self, fabric: str, break_it: Break, words: str) -> None:
        for machine in self.machines:
            (infiniband if fabric == "infiniband" else roce)(machine)
        break_it(self.machines[1])
        before = [machine.fingerprint() for machine in self.machines]
        self.begin(fabric)
        failed = self.until("failed")
        self.assertIn(words, failed["reason"])
        self.assertNotIn("loading", self.states())
        self.assertEqual([machine.fingerprint() for machine in self.machines], before)
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        self.assertIn("npu-1 (127.0.0.2)", failed["reason"])

    def test_driver_older_than_the_image_needs_fails_before_the_engine_starts(self) -> None:
        for machine in self.machines:
            infiniband(machine)
        self.begin("infiniband", minimum_driver="580")
        failed = self.until("failed")
        self.assertIn("the driver is 570.133.20, the CUDA of the image needs 580", failed["reason"])
        self.assertNotIn("loading", self.states())

    def test_repaired_machine_serves(self) -> None:
        for machine in self.machines:
            infiniband(machine)
        gpu(1, mig="Enabled")(self.machines[1])
        self.begin("infiniband")
        self.until("failed")
        gpu(1, mig="Disabled")(self.machines[1])
        state.request_retry(self.config.paths.state)
        self.until("serving")


def _test_of(fabric: str, break_it: Break, words: str) -> Callable[[HeadGpuPreflightTest], None]:
    return lambda test: test.check(fabric, break_it, words)


for _what, _fabric, _break, _words in CASES:
    _name = f"test_{_what.replace(' ', '_').lower()}_names_the_node_and_changes_nothing"
    setattr(HeadGpuPreflightTest, _name, _test_of(_fabric, _break, _words))
