"""The rank table that the head makes of what the nodes' boards said."""

import json
import unittest
from typing import Any, Literal

from preflight_cluster import TABLE

from ray_node.config.preflight_config import RankTableConfig
from ray_node.hardware.npu.facts import BoardFacts, NpuFacts
from ray_node.preflight import table as preflight_table
from ray_node.preflight.facts import NodeFacts


def node(index: int, board: str, pods: tuple[str | None, ...]) -> NodeFacts:
    """A node whose devices said these super pods; `None`: the device did not say."""
    devices = tuple(
        NpuFacts(
            device,
            True,
            address=f"192.168.{index}.{device}",
            super_device=f"{index}{device}",
            super_pod=pod,
        )
        for device, pod in enumerate(pods)
    )
    facts = BoardFacts(board, "hccn_tool", "npu-smi", True, devices)
    return NodeFacts(f"npu-{index}", f"10.0.0.{index}", len(devices), (), False, board=facts)


def planned(version: Literal["1.0", "1.2"]) -> RankTableConfig:
    return RankTableConfig(TABLE, version, 16666)


def made(version: Literal["1.0", "1.2"], *nodes: NodeFacts) -> dict[str, Any]:
    text, problems = preflight_table.make(planned(version), nodes, {})
    assert text is not None, problems
    value: dict[str, Any] = json.loads(text)
    return value


class MakeTest(unittest.TestCase):
    def test_a3_servers_are_listed_below_the_super_pod_their_devices_report(self) -> None:
        value = made("1.2", node(1, "a3", ("7", "7")), node(2, "a3", ("7", "7")), node(3, "a3", ("9", "9")))
        self.assertEqual(
            value["super_pod_list"],
            [
                {"super_pod_id": "7", "server_list": [{"server_id": "10.0.0.1"}, {"server_id": "10.0.0.2"}]},
                {"super_pod_id": "9", "server_list": [{"server_id": "10.0.0.3"}]},
            ],
        )

    def test_a3_super_pod_is_taken_from_the_first_device_that_reports_one(self) -> None:
        value = made("1.2", node(1, "a3", (None, "7", "8")))
        self.assertEqual([pod["super_pod_id"] for pod in value["super_pod_list"]], ["7"])

    def test_a3_without_any_super_pod_gives_no_table(self) -> None:
        text, problems = preflight_table.make(planned("1.2"), [node(1, "a3", (None, None))], {})
        self.assertIsNone(text)
        self.assertIn("servers[0].superPodId", problems[0].seen)

    def test_host_address_is_given_for_a3_only(self) -> None:
        self.assertEqual(made("1.2", node(1, "a3", ("7",)))["server_list"][0]["host_ip"], "10.0.0.1")
        self.assertNotIn("host_ip", made("1.0", node(1, "a2", (None,)))["server_list"][0])

    def test_version_without_super_pods_omits_what_the_devices_report(self) -> None:
        value = made("1.0", node(1, "a3", ("7",)))
        self.assertNotIn("super_pod_list", value)
        self.assertNotIn("super_device_id", value["server_list"][0]["device"][0])
