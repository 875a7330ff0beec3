import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

import simulated_clock
import support
from nvidia_smi import Gpu, listing, query

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding, Subject
from ray_node.hardware.gpu import answers, checks, facts
from ray_node.hardware.gpu.answers import GpuProcess
from ray_node.hardware.gpu.checks import GpuRules
from ray_node.hardware.gpu.facts import GpuFacts
from ray_node.host.tool import Answer

SUBJECT = Subject("gpu-0", "10.0.0.1")


def gathered(*gpus: Gpu, share: float = 0.9) -> GpuFacts:
    texts = {"-L": Answer(0, listing(gpus)), "-q": Answer(0, query(gpus))}
    return facts.gather(share, texts.__getitem__, sysfs="/absent")


def judged(found: GpuFacts, **rules: Any) -> list[Finding]:
    planned = {"planned": len(found.gpus), "memory_share": 0.9}
    return checks.judge(SUBJECT, found, GpuRules(**{**planned, **rules}))


def wrong(findings: list[Finding]) -> list[tuple[str | None, str, str]]:
    return [(item.device, item.check, item.outcome) for item in findings if item.outcome != OK]


class AnswersTest(unittest.TestCase):
    def test_states_of_recorded_answers_hold_memory_mode_and_processes(self) -> None:
        busy = Gpu(used=74210, processes=[(41213, "C", "ray::RayWorkerWrapper", 74180)])
        for width in (34, 47):
            with self.subTest(column=width):
                text = query([Gpu(), busy], column=width)
                idle, used = answers.states(text)
                self.assertEqual((idle.used_mib, idle.free_mib, idle.mig), (1, 81077, "Disabled"))
                self.assertEqual(idle.processes, ())
                self.assertEqual(used.processes, (GpuProcess(41213, "C", "ray::RayWorkerWrapper", 74180),))
                self.assertEqual(answers.driver(text), "570.133.20")

    def test_states_of_a_process_without_a_name_and_memory_hold_it(self) -> None:
        (state,) = answers.states(query([Gpu(processes=[(7, "C", "", None), (8, "G", "/usr/bin/a: b", 4)])]))
        self.assertEqual([process.process for process in state.processes], [7, 8])
        self.assertIsNone(state.processes[0].memory_mib)
        self.assertEqual(state.processes[1].name, "/usr/bin/a: b")

    def test_listed_with_mig_devices_counts_gpus(self) -> None:
        self.assertEqual(len(answers.listed(listing([Gpu(mig="Enabled"), Gpu()]))), 2)

    def test_states_of_a_gpu_without_mig_and_ecc_hold_nothing(self) -> None:
        (state,) = answers.states(query([Gpu(mig="N/A", uncorrectable="N/A")]))
        self.assertEqual((state.mig, state.uncorrectable), (None, 0))


class ChosenDevicesTest(unittest.TestCase):
    def test_judge_of_chosen_gpus_names_them_as_the_machine_does(self) -> None:
        gpus = [Gpu(), Gpu(mig="Enabled")]
        texts = {"-L": Answer(0, listing(gpus)), "-q": Answer(0, query(gpus))}
        found = judged(facts.gather(0.9, texts.__getitem__, chosen=(4, 6)))
        self.assertEqual(wrong(found), [("GPU 6", "gpu mig", FAILED)])
        self.assertIn("nvidia-smi -i 6 -mig 0", next(item.fix for item in found if item.outcome == FAILED))


class FabricTest(unittest.TestCase):
    def test_judge_of_a_fabric_in_progress_fails(self) -> None:
        found = judged(gathered(Gpu(), Gpu(fabric=("In Progress", "N/A"))))
        self.assertEqual(wrong(found), [("GPU 1", "fabric manager", FAILED)])

    def test_judge_of_insufficient_resources_fails(self) -> None:
        found = judged(gathered(Gpu(fabric=("Completed", "Insufficient Resources"))))
        self.assertEqual(wrong(found), [("GPU 0", "fabric manager", FAILED)])

    def test_judge_without_nvswitch_passes(self) -> None:
        self.assertEqual(wrong(judged(gathered(Gpu(fabric=("N/A", "N/A"))))), [])


class CountTest(unittest.TestCase):
    def test_judge_with_a_missing_gpu_fails(self) -> None:
        found = judged(gathered(Gpu(), Gpu()), planned=8)
        self.assertEqual(wrong(found), [(None, "gpu", FAILED)])
        self.assertEqual(found[0].seen, "2 of 8 GPUs")

    def test_judge_with_a_missing_gpu_says_what_is_on_the_bus(self) -> None:
        for on_bus, words in (
            (7, "power cycle"),
            (8, "the driver has not taken all of them"),
            (10, "the driver has not taken all of them"),
            (None, "fallen off the bus"),
        ):
            with self.subTest(on_bus=on_bus):
                found = replace(gathered(*[Gpu()] * 7), on_bus=on_bus)
                (lost,) = [item for item in judged(found, planned=8) if item.outcome == FAILED]
                bus = "" if on_bus is None else f", {on_bus} on the PCI bus"
                self.assertEqual(lost.seen, f"7 of 8 GPUs{bus}")
                self.assertIn(words, lost.fix)

    def test_gather_counts_the_gpus_of_the_bus(self) -> None:
        """`lspci -nn`: 3D controller [0302], VGA [0300] with an audio device [0403], NVSwitch [0680]."""
        with tempfile.TemporaryDirectory() as folder:
            for address, vendor, kind in (
                ("0000:1b:00.0", "0x10de", "0x030200"),
                ("0000:43:00.0", "0x10de", "0x030000"),
                ("0000:43:00.1", "0x10de", "0x040300"),
                ("0000:05:00.0", "0x10de", "0x068000"),
                ("0000:03:00.0", "0x1a03", "0x030000"),
            ):
                at = Path(folder) / "bus/pci/devices" / address
                at.mkdir(parents=True)
                (at / "vendor").write_text(f"{vendor}\n")
                (at / "class").write_text(f"{kind}\n")
            texts = {"-L": Answer(0, listing([Gpu()])), "-q": Answer(0, query([Gpu()]))}
            self.assertEqual(facts.gather(0.9, texts.__getitem__, sysfs=folder).on_bus, 2)
            self.assertIsNone(facts.gather(0.9, texts.__getitem__, sysfs=f"{folder}/none").on_bus)

    def test_judge_of_gpus_behind_an_iommu_warns_where_they_have_no_nvswitch(self) -> None:
        """NVIDIA/nccl#2079, #631, #257: all-reduce hangs."""
        pcie = [Gpu(fabric=("N/A", "N/A"))] * 2
        for group, gpus, planned, wanted in (
            ("DMA-FQ", pcie, 2, True),
            ("DMA", pcie, 2, True),
            ("identity", pcie, 2, False),
            (None, pcie, 2, False),
            ("DMA-FQ", pcie[:1], 1, False),
            ("DMA-FQ", [Gpu()] * 2, 2, False),
        ):
            with self.subTest(group=group, gpus=gpus), tempfile.TemporaryDirectory() as folder:
                at = Path(folder) / "bus/pci/devices/0000:1b:00.0"
                (at / "iommu_group").mkdir(parents=True)
                (at / "vendor").write_text("0x10de\n")
                (at / "class").write_text("0x030200\n")
                if group is not None:
                    (at / "iommu_group/type").write_text(f"{group}\n")
                texts = {"-L": Answer(0, listing(gpus)), "-q": Answer(0, query(gpus))}
                found = judged(facts.gather(0.9, texts.__getitem__, sysfs=folder), planned=planned)
                expected = [(None, "gpu peers", WARNING)] if wanted else []
                self.assertEqual(wrong(found), expected)

    def test_judge_without_a_driver_quotes_nvidia_smi(self) -> None:
        words = "NVIDIA-SMI has failed because it couldn't communicate"
        found = facts.gather(0.9, lambda _: Answer(9, words))
        self.assertIn("couldn't communicate", judged(found)[0].seen)


class DriverTest(unittest.TestCase):
    def test_judge_of_a_driver_that_does_not_answer_says_what_to_do(self) -> None:
        """Words of NVIDIA/nvidia-container-toolkit#394, #171, #48, #33 and NVIDIA/nvidia-docker#1730."""
        for said, wanted in (
            (
                "Failed to initialize NVML: Driver/library version mismatch NVML library version: 550.54",
                "reboot",
            ),
            (
                "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
                "modprobe nvidia",
            ),
            ("Unable to determine the device handle for GPU0000:2B:00.0: Unknown Error", "power it off"),
            ("Failed to initialize NVML: Unknown Error", "restart the container"),
            ("Failed to initialize NVML: Insufficient Permissions", "IpcMode.HOST"),
            ("nvidia-smi is not in this container", "install the driver"),
        ):
            with self.subTest(said):
                answer = Answer(9, said)
                (found,) = judged(facts.gather(0.9, {"-L": answer}.__getitem__, sysfs="/absent"))
                self.assertEqual((found.outcome, found.seen), (FAILED, f"nvidia-smi: {said}"))
                self.assertIn(wanted, found.fix)

    def test_judge_of_a_driver_below_that_of_the_image_fails(self) -> None:
        found = judged(gathered(Gpu()), minimum_driver="580")
        self.assertEqual(wrong(found), [(None, "gpu driver", FAILED)])
        self.assertIn("toleratedChecks", found[1].fix)

    def test_judge_of_a_driver_as_new_as_the_image_passes(self) -> None:
        for minimum in ("570", "525", None):
            with self.subTest(minimum=minimum):
                self.assertEqual(wrong(judged(gathered(Gpu()), minimum_driver=minimum)), [])

    def test_judge_of_a_tolerated_driver_warns(self) -> None:
        found = judged(gathered(Gpu()), minimum_driver="580", tolerated=("gpu driver",))
        self.assertEqual(wrong(found), [(None, "gpu driver", WARNING)])


class MemoryTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = simulated_clock.install(self)

    def test_judge_of_a_gpu_that_another_run_holds_names_its_process(self) -> None:
        busy = Gpu(used=74210, processes=[(41213, "C", "ray::RayWorkerWrapper", 74180)])
        found = judged(gathered(Gpu(), busy))
        self.assertEqual(wrong(found), [("GPU 1", "gpu memory", FAILED)])
        (failure,) = (item for item in found if item.outcome == FAILED)
        self.assertIn("ray::RayWorkerWrapper (process 41213, 74180 MiB)", failure.seen)
        self.assertIn("toleratedChecks", failure.fix)

    def test_judge_of_a_gpu_that_an_unseen_process_holds_fails(self) -> None:
        (failure,) = (item for item in judged(gathered(Gpu(used=74210))) if item.outcome == FAILED)
        self.assertIn("a process of another container", failure.seen)

    def test_judge_of_a_shared_gpu_with_room_for_the_share_warns(self) -> None:
        shared = Gpu(used=40000, processes=[(9, "C", "python", 39900)])
        self.assertEqual(
            wrong(judged(gathered(shared, share=0.45), memory_share=0.45)), [("GPU 0", "gpu memory", WARNING)]
        )
        self.assertEqual(
            wrong(judged(gathered(shared, share=0.55), memory_share=0.55)), [("GPU 0", "gpu memory", FAILED)]
        )

    def test_judge_of_a_gpu_that_draws_a_desktop_passes(self) -> None:
        self.assertEqual(
            wrong(judged(gathered(Gpu(used=48, processes=[(1394, "G", "/usr/lib/xorg/Xorg", 47)])))), []
        )

    def test_gather_waits_until_memory_of_an_ended_process_is_released(self) -> None:
        left = [query([Gpu(used=74210)]), query([Gpu(used=70000)]), query([Gpu()])]
        found = facts.gather(
            0.9, lambda question: Answer(0, left.pop(0) if question == "-q" else listing([Gpu()]))
        )
        self.assertEqual((left, found.states[0].used_mib), ([], 1))


class ModeAndHealthTest(unittest.TestCase):
    def test_judge_of_mig_fails_and_says_nothing_of_memory(self) -> None:
        found = judged(gathered(Gpu(), Gpu(mig="Enabled", used=20)))
        self.assertEqual(wrong(found), [("GPU 1", "gpu mig", FAILED)])

    def test_judge_of_a_gpu_that_must_be_reset_fails(self) -> None:
        for gpu in (Gpu(reset="Yes"), Gpu(recovery="Reset")):
            with self.subTest(gpu=gpu):
                self.assertEqual(wrong(judged(gathered(gpu))), [("GPU 0", "gpu health", FAILED)])

    def test_judge_of_a_healthy_recovery_action_passes(self) -> None:
        self.assertEqual(wrong(judged(gathered(Gpu(recovery="None")))), [])

    def test_judge_of_a_failed_remapping_fails(self) -> None:
        self.assertEqual(
            wrong(judged(gathered(Gpu(remapping_failed="Yes")))), [("GPU 0", "gpu health", FAILED)]
        )

    def test_judge_of_ecc_errors_slow_clocks_and_lanes_warns(self) -> None:
        for gpu in (Gpu(uncorrectable="2"), Gpu(slowdown="Active"), Gpu(lanes="8x")):
            with self.subTest(gpu=gpu):
                self.assertEqual(wrong(judged(gathered(gpu))), [("GPU 0", "gpu health", WARNING)])


class TolerableTest(unittest.TestCase):
    def test_tolerable_checks_are_those_of_the_catalogue(self) -> None:
        import json

        from ray_node.hardware.finding import TOLERABLE

        rows = json.loads((support.ROOT / "lib/catalog/preflight-checks.json").read_text(encoding="utf-8"))
        self.assertEqual(
            {row["name"] for row in rows if row["tolerable"] and row["hardware"] != "host"}, TOLERABLE
        )


if __name__ == "__main__":
    unittest.main()
