import unittest

from ray_node.host import address
from ray_node.host.address import LocalAddress
from ray_node.host.failure import NodeFailed

LO = LocalAddress("lo", "127.0.0.1")
ETH0 = LocalAddress("eth0", "10.89.28.11")
ETH1 = LocalAddress("eth1", "192.168.7.4")
SECOND = LocalAddress("eth2", "10.89.28.12")


class AddressTest(unittest.TestCase):
    def test_planned_address_is_found_with_its_interface(self) -> None:
        self.assertEqual(address.own_address("10.89.28.11", "10.89.28.0/24", [LO, ETH1, ETH0]), ETH0)

    def test_unplanned_address_is_the_one_on_the_subnet(self) -> None:
        self.assertEqual(address.own_address(None, "10.89.28.0/24", [LO, ETH0, ETH1]), ETH0)

    def test_own_address_refuses_absent_and_ambiguous_addresses(self) -> None:
        cases: list[tuple[str | None, list[LocalAddress], str]] = [
            (
                "10.89.28.10",
                [LO, ETH0],
                "address 10.89.28.10 is not on this machine; "
                "local IPv4 addresses: 127.0.0.1 (lo), 10.89.28.11 (eth0)",
            ),
            (None, [LO, ETH1], "no address of this machine lies on 10.89.28.0/24; .*192.168.7.4 \\(eth1\\)"),
            (None, [], "no address .* local IPv4 addresses: none"),
            (None, [ETH0, SECOND], "2 addresses .* 10.89.28.11 \\(eth0\\), 10.89.28.12 \\(eth2\\)"),
        ]
        for planned, local, message in cases:
            with self.subTest(planned=planned, local=local), self.assertRaises(NodeFailed) as caught:
                address.own_address(planned, "10.89.28.0/24", local)
            if message.startswith("address"):
                self.assertEqual(caught.exception.reason, message)
            else:
                self.assertRegex(caught.exception.reason, message)

    def test_local_addresses_include_loopback(self) -> None:
        self.assertIn(LO, address.local_addresses())


if __name__ == "__main__":
    unittest.main()
