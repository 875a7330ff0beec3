"""Who is told to leave."""

import dataclasses
import unittest

import support

from ray_node.cluster import membership, shape
from ray_node.cluster.membership import Assessment, Evidence, Member, SeenNode
from ray_node.config.load import parse
from ray_node.config.workload import Pool

HEAD, FIRST, SECOND, THIRD = (f"10.89.28.{last}" for last in (10, 11, 12, 13))
CONFIG = parse(support.node_life(support.example()))


def fixed(*addresses: str) -> tuple[Pool, ...]:
    return (Pool("npu", len(addresses), 8, "NPU", addresses),)


def counted(nodes: int) -> tuple[Pool, ...]:
    return (Pool("head", 1, 0, None, (HEAD,)), Pool("npu", nodes, 8, "NPU", None))


def member(address: str, ok: bool = True) -> Member:
    return Member(f"npu-{address}", "npu", address, ok, False, "", 8, 8, address, ok)


class ShapeTest(unittest.TestCase):
    def leaves(self, shapes: list[tuple[Pool, ...]], address: str, *members: Member) -> str | None:
        found = Assessment(members, ())
        return shape.unwanted(CONFIG, shapes, f"npu-{address}", address, found)

    def test_node_with_a_planned_address_stays_and_another_one_leaves(self) -> None:
        shapes = [fixed(HEAD, FIRST)]
        self.assertIsNone(self.leaves(shapes, FIRST))
        self.assertEqual(self.leaves(shapes, SECOND), "it is not in the shape of the cluster")
        self.assertIsNone(self.leaves([fixed(FIRST)], HEAD), "the head never leaves")

    def test_node_of_either_shape_stays_while_the_next_one_is_prepared(self) -> None:
        shapes = [fixed(HEAD, FIRST), fixed(HEAD, SECOND)]
        for address, leaves in ((FIRST, False), (SECOND, False), (THIRD, True)):
            with self.subTest(address=address):
                self.assertEqual(self.leaves(shapes, address) is not None, leaves)

    def test_counted_pool_keeps_as_many_members_as_it_has_nodes(self) -> None:
        both = (member(FIRST), member(SECOND))
        for address, nodes, members, leaves in (
            (FIRST, 2, both, False),
            (SECOND, 2, both, False),
            (THIRD, 2, both, True),
            (THIRD, 2, (member(FIRST), member(SECOND, ok=False)), False),
            (SECOND, 1, both, True),
            (FIRST, 1, both, False),
        ):
            with self.subTest(address=address, nodes=nodes):
                self.assertEqual(self.leaves([counted(nodes)], address, *members) is not None, leaves)

    def test_node_of_a_pool_that_is_gone_leaves(self) -> None:
        found = shape.unwanted(CONFIG, [counted(2)], "cpu-10.89.28.40", "10.89.28.40", Assessment((), ()))
        self.assertEqual(found, "it is not in the shape of the cluster")


class CountedMembersTest(unittest.TestCase):
    def test_members_beyond_the_number_are_strangers_where_they_are_told_to_leave(self) -> None:
        nodes = [SeenNode("0", True, HEAD, "head-0", {})]
        nodes += [SeenNode(item, True, item, f"npu-{item}", {"NPU": 8.0}) for item in (FIRST, SECOND, THIRD)]
        as_head = dataclasses.replace(CONFIG, node=dataclasses.replace(CONFIG.node, pool="head"))
        found = membership.assess(as_head, counted(2), Evidence(nodes))
        self.assertTrue(found.whole)
        self.assertEqual([item.address for item in found.members], [HEAD, FIRST, SECOND])
        self.assertEqual(found.strangers, (f"npu-{THIRD} ({THIRD})",))
        older = dataclasses.replace(as_head, workload=support.workload_of(support.parsed()))
        self.assertEqual(membership.assess(older, counted(2), Evidence(nodes)).strangers, ())


if __name__ == "__main__":
    unittest.main()
