import json
import unittest
from unittest import mock

from ascend_machine import AscendMachine

from ray_node.channel import plain
from ray_node.hardware.finding import FAILED, OK, WARNING, Finding, PreflightReport
from ray_node.hardware.npu import answers as npu_answers
from ray_node.hardware.npu import checks as npu_checks
from ray_node.hardware.npu import facts as npu_facts
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import tools as npu_tools
from ray_node.hardware.npu.checks import NodeBoard, Rules
from ray_node.hardware.npu.facts import BoardFacts
from ray_node.hardware.npu.pings import PingSummary
from ray_node.host import clock


def gather(machine: AscendMachine, board: str) -> BoardFacts:
    facts = npu_facts.gather(board, machine.devices, npu_tools.find(machine.root), machine.root)
    # What the head gets has been JSON.
    return plain.decode(BoardFacts, json.loads(json.dumps(plain.encode(facts))))


def node(index: int, facts: BoardFacts, planned: tuple[str, ...] = ()) -> NodeBoard:
    return NodeBoard(f"npu-{index}", f"10.0.0.{index + 1}", facts, planned)


def bad(findings: list[Finding], outcome: str = FAILED) -> list[tuple[str, str | None, str]]:
    return [(item.node, item.device, item.check) for item in findings if item.outcome == outcome]


class AnswersTest(unittest.TestCase):
    """Forms of public logs that the simulated tools do not print."""

    def test_answers_of_public_logs_are_read(self) -> None:
        tls = "dev_id:0, tls switch[1](0:disable, 1:enable), tls alarm time threshold[60]days\ndev_id:0, [pub"
        pod = "SDID : 0\nSuper Pod Size : 384\nSuper Pod ID : 0\nServer Index : 4"
        cases: list[tuple[object, object]] = [
            (npu_answers.address("ipaddr:10.0.0.1\nnetmask:255.0.0.0"), "10.0.0.1"),
            (npu_answers.address("vnic link status: UP\nvnic ipaddr: 192.168.1.1\n"), "192.168.1.1"),
            (npu_answers.address("Command execute failed, no ip was preset"), None),
            (npu_answers.address6("ipv6 addr:fe80::1/64\nIPv6 address: fd00::7, prefix len: 64"), "fd00::7"),
            (npu_answers.address6("ipaddr:fd00:1::2\nprefixlen:64"), "fd00:1::2"),
            (npu_answers.address6("no ip was preset"), None),
            (npu_answers.link("link status: UP"), "UP"),
            (npu_answers.health("net health status: Init"), "Init"),
            (npu_answers.neighbour("Port ID TLV\n\tIfname: 400GE1/1/5:1\n"), "400GE1/1/5:1"),
            (npu_answers.neighbour(""), None),
            (npu_answers.netdetect("netdetect address: 11.12.165.1"), "11.12.165.1"),
            (npu_answers.netdetect("netdetect address: NULL"), None),
            (npu_answers.gateway("default gateway:11.12.165.1, Iface:eth0"), "11.12.165.1"),
            (npu_answers.tls_switch(tls), "1"),
            (npu_answers.tls_switch("dev_id:3, No certificate found"), "0"),
            (npu_answers.tls_switch("hccn_tool is busy"), None),
            (npu_answers.packet_loss("3 packets transmitted, 3 received, 0.00% packet loss"), 0.0),
            (npu_answers.packet_loss("3 packets transmitted, 2 received, 33.33% packets loss"), 33.33),
            (npu_answers.packet_loss("This pkt send fail!"), None),
            (npu_answers.super_device(pod), "0"),
            (npu_answers.super_pod(pod), "0"),
            (npu_answers.super_device("This device does not support querying spod-info."), None),
            (npu_answers.super_pod("This device does not support querying spod-info."), None),
            (
                npu_answers.configured("address_0=10.0.0.1\n address_11 = fd00::1\nnetmask_0=1\naddress_1="),
                {0: "10.0.0.1", 11: "fd00::1"},
            ),
        ]
        for index, (found, wanted) in enumerate(cases):
            with self.subTest(index):
                self.assertEqual(found, wanted)


class CableToCableTest(unittest.TestCase):
    def test_judge_of_planes_without_a_switch_names_the_way_out(self) -> None:
        machine = AscendMachine(self, "a2", 0, 8)
        for kind in ("gateway", "netdetect", "lldp"):
            machine.fault(kind, "*", "none")
        findings = npu_checks.judge([node(0, gather(machine, "a2"))], Rules())
        failures = [item for item in findings if item.outcome == FAILED]
        self.assertEqual({item.check for item in failures}, {"gateway", "netdetect", "neighbour"})
        for item in failures:
            self.assertIn(f"name '{item.check}' in toleratedChecks", item.fix)
        tolerant = Rules(tolerated=("gateway", "netdetect", "neighbour"))
        found = npu_checks.judge([node(0, gather(machine, "a2"))], tolerant)
        self.assertNotIn(FAILED, {item.outcome for item in found})


class ChosenDevicesTest(unittest.TestCase):
    """A container that has devices 4 to 7 of eight."""

    def setUp(self) -> None:
        self.machine = AscendMachine(self, "a2", 0, 8)
        for other in range(4):
            self.machine.remove(f"dev/davinci{other}")

    def gather(self) -> BoardFacts:
        return npu_facts.gather("a2", 4, npu_tools.find(self.machine.root), self.machine.root, (4, 5, 6, 7))

    def test_devices_are_looked_for_under_their_own_numbers(self) -> None:
        found = self.gather().devices
        self.assertEqual([device.device for device in found], [0, 1, 2, 3])
        self.assertEqual([device.number for device in found], [4, 5, 6, 7])
        self.assertTrue(all(device.present for device in found))
        configured = npu_answers.configured(self.machine.read("etc/hccn.conf"))
        self.assertEqual(
            [device.configured for device in found], [configured[number] for number in range(4, 8)]
        )

    def test_a_tool_that_counts_as_the_machine_does_is_asked_that_way(self) -> None:
        for other in range(4):
            self.machine.fault("missing", str(other))
        facts = self.gather()
        self.assertEqual([device.tool_number for device in facts.devices], [4, 5, 6, 7])
        self.assertEqual(bad(npu_checks.judge([node(0, facts)], Rules())), [])
        targets = npu_pings.targets(node(0, facts), [node(0, facts), node(1, facts)])
        self.assertEqual([(target.device, target.asked) for target in targets], [(n, n) for n in range(4, 8)])

    def test_a_missing_device_is_named_as_on_the_machine(self) -> None:
        self.machine.remove("dev/davinci6")
        failures = [
            item for item in npu_checks.judge([node(0, self.gather())], Rules()) if item.check == "device"
        ]
        self.assertEqual(
            [(item.device, item.seen) for item in failures], [("NPU 6", "/dev/davinci6 is not there")]
        )


class A2Test(unittest.TestCase):
    def setUp(self) -> None:
        self.machines = [AscendMachine(self, "a2", server, 4) for server in range(2)]

    def boards(self) -> list[NodeBoard]:
        return [node(index, gather(machine, "a2")) for index, machine in enumerate(self.machines)]

    def test_judge_of_two_good_machines_passes_every_check(self) -> None:
        boards = self.boards()
        findings = npu_checks.judge(boards, Rules())
        self.assertEqual({item.outcome for item in findings}, {OK})
        passed = [item.check for item in findings if item.node == "npu-1"]
        self.assertEqual(
            passed,
            [
                "npu in use",
                "device",
                "neighbour",
                "link",
                "health",
                "netdetect",
                "gateway",
                "hccn.conf",
                "ip",
                "tls",
                "tls equality",
            ],
        )
        self.assertEqual(boards[1].facts.devices[3].address, "192.168.101.104")
        self.assertEqual(boards[1].facts.devices[3].configured, "192.168.101.104")

    def test_judge_of_a_fault_names_node_device_and_check(self) -> None:
        cases: list[tuple[tuple[str, ...], str, str]] = [
            (("link", "3", "DOWN"), "link", "link status: DOWN"),
            (("health", "3", "Fault"), "health", "net health status: Fault"),
            (("ip", "3", "none"), "ip", "no ip was preset"),
            (("lldp", "3", "none"), "neighbour", "no Ifname"),
            (("netdetect", "3", "none"), "netdetect", "no netdetect"),
            (("gateway", "3", "none"), "gateway", "no gateway"),
            (("tls", "3", "1"), "tls equality", "the TLS switch is 1, 7 of 8 devices have 0"),
            (("address", "3", "192.168.7.7"), "hccn.conf", "the device has 192.168.7.7"),
        ]
        for fault, check, words in cases:
            with self.subTest(fault=fault):
                self.machines[1] = AscendMachine(self, "a2", 1, 4)
                self.machines[1].fault(*fault)
                findings = npu_checks.judge(self.boards(), Rules())
                # A device without IPv4 is asked for IPv6, which the simulated one has not either.
                self.assertEqual(bad(findings), [("npu-1", "NPU 3", check)])
                failure = next(item for item in findings if item.outcome == FAILED)
                self.assertIn(words, failure.seen)
                self.assertIn("3", failure.fix)
                self.assertEqual(bad(findings, WARNING), [])
                tolerant = npu_checks.judge(self.boards(), Rules(tolerated=[check]))
                self.assertEqual(bad(tolerant), [])
                self.assertEqual(bad(tolerant, WARNING), [("npu-1", "NPU 3", check)])

    def test_judge_without_a_certificate_takes_tls_as_off(self) -> None:
        self.machines[0].fault("tls", "*", "none")
        self.assertEqual(bad(npu_checks.judge(self.boards(), Rules())), [])

    def test_judge_of_a_tie_in_tls_sides_with_the_head(self) -> None:
        self.machines[0].fault("tls", "*", "1")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [("npu-1", f"NPU {device}", "tls equality") for device in range(4)])

    def test_judge_without_a_device_node_names_the_device(self) -> None:
        self.machines[0].remove("dev/davinci3")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [("npu-0", "NPU 3", "device")])

    def test_judge_of_a_device_unknown_to_the_driver_quotes_the_tool(self) -> None:
        self.machines[0].fault("missing", "2")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [("npu-0", "NPU 2", "device")])
        self.assertIn("does not exist", next(item for item in findings if item.outcome == FAILED).seen)

    def test_judge_without_the_tool_makes_one_finding(self) -> None:
        self.machines[1].remove("usr/local/Ascend/driver/tools/hccn_tool")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [("npu-1", None, "hccn_tool")])

    def test_judge_without_hccn_conf_names_it(self) -> None:
        self.machines[1].remove("etc/hccn.conf")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual({item[0::2] for item in bad(findings)}, {("npu-1", "hccn.conf")})

    def test_judge_of_a_duplicate_address_names_both_devices(self) -> None:
        self.machines[1].fault("address", "0", "192.168.100.101")
        findings = npu_checks.judge(self.boards(), Rules(tolerated=["hccn.conf"]))
        self.assertEqual(bad(findings), [("npu-1", "NPU 0", "ip unique")])
        self.assertIn("npu-0, NPU 0", next(item for item in findings if item.outcome == FAILED).seen)

    def test_judge_of_another_address_than_planned_fails(self) -> None:
        facts = gather(self.machines[0], "a2")
        planned = tuple(device.address or "" for device in facts.devices)
        self.assertEqual(bad(npu_checks.judge([node(0, facts, planned)], Rules())), [])
        wrong = (*planned[:3], "192.168.9.9")
        findings = npu_checks.judge([node(0, facts, wrong)], Rules())
        self.assertEqual(bad(findings), [("npu-0", "NPU 3", "ip")])

    def test_tool_that_is_busy_is_asked_again(self) -> None:
        self.machines[0].fault("busy", "1")
        pauses: list[float] = []
        with mock.patch.object(npu_tools, "_BUSY_TRIES", 3), mock.patch.object(clock, "sleep", pauses.append):
            findings = npu_checks.judge(self.boards(), Rules())
        self.assertTrue({item[1] for item in bad(findings)} == {"NPU 1"})
        asked = self.machines[0].read("usr/local/Ascend/driver/fake/calls").splitlines()
        self.assertEqual(asked.count("-i 1 -link -g"), 3)
        self.assertEqual(pauses, [npu_tools._BUSY_PAUSE_SECONDS] * len(pauses))
        self.assertGreaterEqual(len(pauses), 3)

    def test_tool_that_is_busy_is_asked_for_ten_seconds(self) -> None:
        self.assertEqual(npu_tools._BUSY_TRIES * npu_tools._BUSY_PAUSE_SECONDS, 10.0)

    def test_pings_reach_every_counterpart(self) -> None:
        boards = self.boards()
        targets = npu_pings.targets(boards[0], boards)
        self.assertEqual(
            [(target.device, target.peer, target.address, target.question[0]) for target in targets],
            [(device, "npu-1", f"192.168.101.{101 + device}", "-ping") for device in range(4)],
        )
        summary = npu_pings.run(targets, npu_tools.find(self.machines[0].root))
        self.assertEqual(summary, PingSummary(4, ()))
        self.assertEqual([item.outcome for item in npu_pings.judge(boards[0], summary)], [OK])

    def test_pings_with_loss_name_the_device_and_its_peer(self) -> None:
        self.machines[0].fault("loss", "*", "192.168.101.104")
        boards = self.boards()
        targets = npu_pings.targets(boards[0], boards)
        summary = npu_pings.run(targets, npu_tools.find(self.machines[0].root))
        (finding,) = npu_pings.judge(boards[0], summary)
        self.assertEqual(finding.subject, "npu-0 (10.0.0.1), NPU 3")
        self.assertEqual(finding.seen, "100.00% packet loss to 192.168.101.104 (NPU 3 of npu-1)")
        self.assertIn("hccn_tool -i 3 -ping -g address 192.168.101.104", finding.fix)
        (tolerated,) = npu_pings.judge(boards[0], summary, ["ping"])
        self.assertEqual(tolerated.outcome, WARNING)

    def test_pings_without_ipv4_use_ipv6(self) -> None:
        for machine in self.machines:
            machine.fault("ipv4", "*", "none")
            machine.write("etc/hccn.conf", "".join(f"address_{n}=192.168.1.{n}\n" for n in range(8)))
        boards = self.boards()
        self.assertEqual(boards[0].facts.devices[0].address6, "fd00:100:0::101")
        self.assertEqual(bad(npu_checks.judge(boards, Rules())), [])
        targets = npu_pings.targets(boards[1], boards)
        self.assertEqual(targets[0].question, ("-ping", "-inet6", "-g", "ipv6_address", "fd00:100:0::101"))
        summary = npu_pings.run(targets, npu_tools.find(self.machines[1].root))
        self.assertEqual((summary.sent, summary.lost), (4, ()))
        self.machines[1].fault("loss", "0", "fd00:100:0::101")
        lost = npu_pings.run(targets, npu_tools.find(self.machines[1].root)).lost
        self.assertIn(
            "-ping -inet6 -g ipv6_address fd00:100:0::101",
            npu_pings.judge(boards[1], PingSummary(8, lost))[0].fix,
        )

    def test_judge_of_two_address_families_fails(self) -> None:
        self.machines[1].fault("ipv4", "3", "none")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [("npu-1", "NPU 3", "ip family")])


class A3Test(unittest.TestCase):
    def setUp(self) -> None:
        self.machines = [AscendMachine(self, "a3", server, 4) for server in range(2)]

    def boards(self) -> list[NodeBoard]:
        return [node(index, gather(machine, "a3")) for index, machine in enumerate(self.machines)]

    def test_judge_of_a_good_super_pod_passes(self) -> None:
        boards = self.boards()
        self.assertEqual(bad(npu_checks.judge(boards, Rules())), [])
        device = boards[1].facts.devices[3]
        self.assertEqual((device.super_pod, device.super_device), ("0", "4390915"))
        targets = npu_pings.targets(boards[0], boards)
        self.assertEqual(targets[3].question, ("-hccs_ping", "-g", "address", "192.168.201.104"))

    def test_judge_of_the_ethernet_plane_within_a_super_pod_warns(self) -> None:
        for fault in (
            ("link", "2", "DOWN"),
            ("health", "2", "Init"),
            ("lldp", "2", "none"),
            ("ip", "2", "none"),
        ):
            self.machines[0].fault(*fault)
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings), [])
        self.assertEqual({item[2] for item in bad(findings, WARNING)}, {"link", "health", "neighbour", "ip"})

    def test_judge_of_two_super_pods_needs_a_table_that_joins_them(self) -> None:
        self.machines[1].fault("spod", "*", "1")
        self.machines[1].fault("link", "2", "DOWN")
        boards = self.boards()
        findings = npu_checks.judge(boards, Rules())
        self.assertEqual(bad(findings), [("npu-1", "NPU 2", "link"), ("npu-1", None, "super pod equality")])
        joined = npu_checks.judge(boards, Rules(super_pods_joined=True))
        # Between super pods the Ethernet plane carries the data: its checks are hard there.
        self.assertEqual(bad(joined), [("npu-1", "NPU 2", "link")])
        self.assertEqual(npu_pings.targets(boards[0], boards)[0].question[0], "-ping")

    def test_judge_of_one_device_in_another_super_pod_fails(self) -> None:
        self.machines[1].fault("spod", "3", "9")
        self.assertEqual(
            bad(npu_checks.judge(self.boards(), Rules())), [("npu-1", None, "super pod equality")]
        )

    def test_judge_of_a_duplicate_sdid_fails(self) -> None:
        self.machines[1] = AscendMachine(self, "a3", 0, 4)
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual(bad(findings).count(("npu-1", "NPU 0", "super pod equality")), 1)
        self.assertEqual(bad(findings).count(("npu-1", "NPU 0", "ip unique")), 2)

    def test_judge_without_npu_smi_names_the_super_pod_check(self) -> None:
        self.machines[0].remove("usr/local/sbin/npu-smi")
        findings = npu_checks.judge(self.boards(), Rules())
        self.assertEqual({item[0::2] for item in bad(findings)}, {("npu-0", "super pod")})

    def test_pings_over_hccs_with_loss_fail(self) -> None:
        self.machines[0].fault("loss", "1", "192.168.201.102")
        boards = self.boards()
        summary = npu_pings.run(npu_pings.targets(boards[0], boards), npu_tools.find(self.machines[0].root))
        (finding,) = npu_pings.judge(boards[0], summary)
        self.assertIn("100.00% packet loss", finding.seen)
        self.assertIn("-hccs_ping -g address 192.168.201.102", finding.fix)


class DuoTest(unittest.TestCase):
    def test_judge_of_a_duo_fails_for_the_device_alone(self) -> None:
        machine = AscendMachine(self, "300i-duo", 0, 2)
        self.assertEqual(bad(npu_checks.judge([node(0, gather(machine, "300i-duo"))], Rules())), [])
        machine.fault("link", "1", "DOWN")
        machine.fault("ip", "1", "none")
        findings = npu_checks.judge([node(0, gather(machine, "300i-duo"))], Rules())
        self.assertEqual(bad(findings), [])
        self.assertEqual({item[2] for item in bad(findings, WARNING)}, {"link", "ip"})
        machine.remove("usr/local/Ascend/driver/tools/hccn_tool")
        findings = npu_checks.judge([node(0, gather(machine, "300i-duo"))], Rules())
        self.assertEqual(bad(findings, WARNING), [("npu-0", None, "hccn_tool")])
        machine.remove("dev/davinci1")
        findings = npu_checks.judge([node(0, gather(machine, "300i-duo"))], Rules())
        self.assertEqual(bad(findings), [("npu-0", "NPU 1", "device")])


class ReportTest(unittest.TestCase):
    def test_report_is_rendered_for_people_and_for_machines(self) -> None:
        report = PreflightReport(
            (
                Finding("npu-0", "10.0.0.1", None, "tls", OK, "8 of 8 NPUs"),
                Finding("npu-1", "10.0.0.2", "NPU 3", "link", FAILED, "link status: DOWN", "see the cable"),
                Finding("npu-1", "10.0.0.2", None, "image", WARNING, "not known", "look"),
            )
        )
        self.assertEqual(
            report.as_text().splitlines(),
            [
                "failed: npu-1 (10.0.0.2), NPU 3: link: link status: DOWN",
                "         see the cable",
                "warning: npu-1 (10.0.0.2): image: not known",
                "         look",
                "NODE   PASSED",
                "npu-0  tls",
            ],
        )
        value = json.loads(report.as_json())
        self.assertEqual(value["outcome"], "failed")
        self.assertEqual(
            value["findings"][1],
            {
                "node": "npu-1",
                "address": "10.0.0.2",
                "device": "NPU 3",
                "check": "link",
                "outcome": "failed",
                "seen": "link status: DOWN",
                "fix": "see the cable",
            },
        )


if __name__ == "__main__":
    unittest.main()
