import unittest
from unittest import mock

import support

from ray_node.cluster import environment
from ray_node.config import node_values
from ray_node.hardware.rdma.sysfs import RdmaPort
from ray_node.host.address import LocalAddress
from ray_node.host.failure import NodeFailed

OWN = LocalAddress("eth0", "10.89.28.10")
PORT = RdmaPort("mlx5_0", 1, "ACTIVE", "LinkUp", "Ethernet", {3: "10.89.28.10"})
RDMA = {
    "environment.node": {"NCCL_IB_HCA": "rdma-devices", "NCCL_IB_GID_INDEX": "rdma-gid-index"},
    "preflight.fabric": "roce",
    "preflight.collective": "nccl",
}


class NodeValuesTest(unittest.TestCase):
    def test_values_of_address_and_devices(self) -> None:
        loaded = support.parsed({"node.accelerators.planned": 4})
        self.assertEqual(
            node_values.find(loaded, OWN, []),
            {
                "address": "10.89.28.10",
                "interface": "eth0",
                "exact-interface": "=eth0",
                "visible-devices": "0,1,2,3",
            },
        )

    def test_example_gets_its_node_variables(self) -> None:
        built = environment.build(support.parsed(), OWN, {})
        self.assertEqual(built.ray["ASCEND_RT_VISIBLE_DEVICES"], "0,1,2,3,4,5,6,7")
        self.assertEqual(built.ray["HCCL_SOCKET_IFNAME"], "=eth0")
        self.assertEqual(built.ray["HCCL_IF_IP"], "10.89.28.10")

    def test_rdma_values_name_the_adapters_found(self) -> None:
        with mock.patch("ray_node.hardware.rdma.sysfs.ports", return_value=(PORT,)):
            built = environment.build(support.parsed(RDMA), OWN, {})
        self.assertEqual(built.ray["NCCL_IB_HCA"], "=mlx5_0:1")
        self.assertEqual(built.ray["NCCL_IB_GID_INDEX"], "3")

    def test_missing_fabric_fails_the_node(self) -> None:
        with (
            mock.patch("ray_node.hardware.rdma.sysfs.ports", return_value=()),
            self.assertRaises(NodeFailed) as caught,
        ):
            environment.build(support.parsed(RDMA), OWN, {})
        self.assertIn(
            "the declared fabric 'roce' is not on this node: no RDMA adapter", str(caught.exception)
        )

    def test_node_without_accelerators_has_only_address_values(self) -> None:
        changes = {**RDMA, "node.accelerators.planned": 0}
        with mock.patch("ray_node.hardware.rdma.sysfs.ports", side_effect=AssertionError("not asked")):
            built = environment.build(support.parsed(changes), OWN, {})
        self.assertNotIn("NCCL_IB_HCA", built.ray)


if __name__ == "__main__":
    unittest.main()
