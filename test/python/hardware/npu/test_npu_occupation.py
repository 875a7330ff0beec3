import unittest
from unittest import mock

import simulated_clock
from ascend_machine import AscendMachine

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding
from ray_node.hardware.npu import answers, checks, facts, tools
from ray_node.hardware.npu.answers import NpuProcess
from ray_node.hardware.npu.checks import NodeBoard, Rules

#: From a public log of eight 910B3 (npu-smi 23.0), cut to two, one with a process of another container.
A2_TABLE = """\
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B3               | OK            | 91.0        36                0    / 0             |
| 0                         | 0000:C1:00.0  | 0           0    / 0          3401 / 65536         |
+===========================+===============+====================================================+
| 2     910B3               | OK            | 95.4        37                0    / 0             |
| 0                         | 0000:42:00.0  | 0           0    / 0          41107/ 65536         |
+===========================+===============+====================================================+
+---------------------------+---------------+----------------------------------------------------+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
+===========================+===============+====================================================+
| No running processes found in NPU 0                                                            |
+===========================+===============+====================================================+
| 2       0                 | 1333928       |                          | 37709                   |
+===========================+===============+====================================================+
"""


def judged(machine: AscendMachine, board: str, **rules: object) -> list[Finding]:
    found = facts.gather(board, machine.devices, tools.find(machine.root), machine.root)
    return checks.judge([NodeBoard("npu-0", "10.0.0.1", found)], Rules(**rules))  # type: ignore[arg-type]


def wrong(findings: list[Finding]) -> list[tuple[str | None, str, str]]:
    return [(item.device, item.check, item.outcome) for item in findings if item.outcome != OK]


class TableTest(unittest.TestCase):
    def test_table_of_a_public_log_holds_chips_and_processes(self) -> None:
        self.assertEqual([chip.name for chip in answers.chips(A2_TABLE)], [(0, 0), (2, 0)])
        self.assertEqual([chip.memory_mib for chip in answers.chips(A2_TABLE)], [65536, 65536])
        self.assertEqual(answers.processes(A2_TABLE), {(2, 0): (NpuProcess(1333928, "", 37709),)})

    def test_table_of_no_processes_holds_none(self) -> None:
        self.assertEqual(answers.processes(A2_TABLE.replace("37709 ", "none  ")), {})


class OccupationTest(unittest.TestCase):
    def setUp(self) -> None:
        simulated_clock.install(self)
        self.machine = AscendMachine(self, "a2", 0, 4)

    def test_judge_of_npus_of_another_container_fails_with_the_words_of_npu_smi(self) -> None:
        self.machine.fault("held", "*")
        found = judged(self.machine, "a2")
        self.assertEqual(wrong(found), [(None, "npu in use", FAILED)])
        self.assertIn("ret is -8020", found[0].seen)

    def test_judge_of_free_npus_passes(self) -> None:
        for board in ("a2", "a3", "300i-duo"):
            with self.subTest(board=board):
                found = judged(AscendMachine(self, board, 0, 4), board)
                self.assertEqual([item for item in wrong(found) if item[1].startswith("npu")], [])

    def test_judge_of_an_npu_that_another_run_holds_names_its_process(self) -> None:
        self.machine.fault("process", "2", "37709", "VLLMWorker_TP")
        found = judged(self.machine, "a2")
        self.assertEqual(wrong(found), [("NPU 2", "npu memory", FAILED)])
        self.assertIn("VLLMWorker_TP (process 1333928, 37709 MiB)", found[0].seen)
        self.assertIn("name 'npu memory' in toleratedChecks", found[0].fix)

    def test_judge_of_an_npu_with_room_for_the_share_warns(self) -> None:
        self.machine.fault("process", "1", "900")
        self.assertEqual(wrong(judged(self.machine, "a2")), [("NPU 1", "npu memory", WARNING)])

    def test_judge_of_a_process_on_the_second_die_of_a_card_names_its_device(self) -> None:
        machine = AscendMachine(self, "a3", 0, 4)
        machine.fault("process", "3", "50119")
        self.assertIn(("NPU 3", "npu memory", FAILED), wrong(judged(machine, "a3")))

    def test_judge_of_a_device_in_bad_health_names_it(self) -> None:
        for word, outcome in (("Critical", FAILED), ("Alarm", WARNING), ("Warning", WARNING)):
            with self.subTest(word):
                self.machine.repair()
                self.machine.fault("condition", "1", word)
                found = judged(self.machine, "a2")
                self.assertEqual(wrong(found), [("NPU 1", "npu health", outcome)])
                self.assertIn(f"npu-smi calls its health {word}", str(found))
        self.machine.repair()
        self.machine.fault("condition", "1", "UNKNOWN")
        self.assertEqual(wrong(judged(self.machine, "a2")), [])

    def test_judge_of_an_old_driver_warns(self) -> None:
        found = facts.gather("a2", 4, tools.find(self.machine.root), self.machine.root)
        self.assertEqual(found.driver, "25.2.0")
        board = NodeBoard("npu-0", "10.0.0.1", found)
        for minimum, outcomes in (("25.5", [("npu driver", WARNING)]), ("25.2", []), (None, [])):
            with self.subTest(minimum=minimum):
                seen = checks.judge([board], Rules(minimum_driver=minimum))
                self.assertEqual([(one.check, one.outcome) for one in seen if one.outcome != OK], outcomes)

    def test_driver_of_recorded_tables_is_that_of_their_first_line(self) -> None:
        for version in ("25.5.2", "23.0.rc3", "25.3.rc1.2"):
            line = f"| npu-smi {version}                   Version: {version}                   |"
            self.assertEqual(answers.driver(f"+---+\n{line}\n+---+"), version)
        self.assertIsNone(answers.driver("dcmi model initialized failed"))

    def test_judge_of_a_missing_device_says_what_is_on_the_bus(self) -> None:
        """`lspci` of a Kunpeng server also shows HiSilicon's engines as 19e5 (public logs)."""
        for index in range(3):
            self.machine.write(f"sys/bus/pci/devices/0000:c{index}:00.0/vendor", "0x19e5\n")
            self.machine.write(f"sys/bus/pci/devices/0000:c{index}:00.0/device", "0xd802\n")
        self.machine.write("sys/bus/pci/devices/0000:75:00.0/vendor", "0x19e5\n")
        self.machine.write("sys/bus/pci/devices/0000:75:00.0/device", "0xa250\n")
        self.machine.remove("dev/davinci3")
        found = judged(self.machine, "a2")
        self.assertIn("/dev/davinci3 is not there; 3 of 4 NPUs are on the PCI bus", str(found))

    def test_gather_waits_for_the_end_of_a_process_that_is_ending(self) -> None:
        self.machine.fault("process", "2", "37709")
        asked = tools.find(self.machine.root)
        texts = [asked.table()]
        self.machine.repair()
        texts.append(asked.table())
        with mock.patch.object(tools.NpuTools, "table", lambda _: texts.pop(0)):
            found = facts.gather("a2", 4, asked, self.machine.root)
        self.assertEqual((texts, [device.processes for device in found.devices]), ([], [()] * 4))


if __name__ == "__main__":
    unittest.main()
