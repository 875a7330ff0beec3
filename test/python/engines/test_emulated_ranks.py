from __future__ import annotations

import unittest
from threading import Event

import fake_ray
from emulated_ranks import RanksError, describe_missing, place, ranges


def placed(ranks: int = 4, resource: str = "NPU"):  # type: ignore[no-untyped-def]
    return place(resource, ranks, 1.0, Event())


class Placing(unittest.TestCase):
    def test_ranks_are_numbered_node_by_node_from_the_own_node_on(self) -> None:
        fake_ray.two_nodes()
        replies = placed().ask("r", 1.0)
        self.assertEqual([(reply.rank, reply.node, reply.device) for reply in replies], [
            (0, "npu-0", "0"), (1, "npu-0", "1"), (2, "npu-1", "0"), (3, "npu-1", "1"),
        ])  # fmt: skip

    def test_other_nodes_follow_by_address_and_not_by_text(self) -> None:
        cluster = fake_ray.two_nodes(1)
        cluster.nodes[0]["NodeManagerAddress"] = "10.89.28.100"
        cluster.nodes[1]["NodeManagerAddress"] = "10.89.28.99"
        cluster.own_node = "id-elsewhere"
        self.assertEqual([reply.node for reply in placed(2).ask("r", 1.0)], ["npu-1", "npu-0"])

    def test_an_actor_holds_one_accelerator_and_no_cpu(self) -> None:
        for resource, expected in (("NPU", {"resources": {"NPU": 1}}), ("GPU", {"num_gpus": 1})):
            with self.subTest(resource):
                cluster = fake_ray.two_nodes(2, resource)
                placed(4, resource)
                self.assertEqual(len(cluster.actor_options), 4)
                for options in cluster.actor_options:
                    self.assertEqual((options["num_cpus"], options["max_restarts"]), (0, 0))
                    given = {key: options[key] for key in ("resources", "num_gpus") if key in options}
                    self.assertEqual(given, expected)

    def test_a_group_that_is_never_ready_names_what_the_cluster_has(self) -> None:
        cluster = fake_ray.two_nodes(2)
        cluster.group_ready = False
        cluster.nodes[1]["Resources"] = {"NPU": 1.0}
        with self.assertRaises(RanksError) as caught:
            place("NPU", 4, 0.01, Event())
        self.assertEqual(
            str(caught.exception),
            "placement group not ready after 0.01 s: 4 ranks need 4 NPU, the cluster has 3: "
            "npu-0 (10.89.28.10) 2, npu-1 (10.89.28.11) 1",
        )
        self.assertEqual(cluster.groups_removed, 1)

    def test_a_rank_that_never_starts_gives_the_accelerators_back(self) -> None:
        cluster = fake_ray.two_nodes()
        cluster.faults = {2: None}
        with self.assertRaisesRegex(RanksError, r"3 of 4 ranks answered; rank 2 on npu-1 \(10.89.28.11\)"):
            place("NPU", 4, 0.01, Event())
        self.assertEqual(cluster.groups_removed, 1)

    def test_a_stop_ends_the_wait_at_once(self) -> None:
        fake_ray.two_nodes().group_ready = False
        stop = Event()
        stop.set()
        with self.assertRaisesRegex(RanksError, "stopped"):
            place("NPU", 4, 3600, stop)


class Missing(unittest.TestCase):
    def test_enough_in_total_means_that_somebody_else_holds_them(self) -> None:
        nodes = fake_ray.two_nodes(2).nodes
        self.assertTrue(describe_missing(nodes, "NPU", 4).endswith("some are held by another job"))
        self.assertNotIn("another job", describe_missing(nodes, "NPU", 5))

    def test_a_dead_node_offers_nothing(self) -> None:
        nodes = fake_ray.two_nodes(2).nodes
        nodes[0]["Alive"] = nodes[1]["Alive"] = False
        self.assertEqual(
            describe_missing(nodes, "NPU", 4), "4 ranks need 4 NPU, the cluster has 0: no node is alive"
        )


class Asking(unittest.TestCase):
    def test_silent_ranks_are_named_with_their_node(self) -> None:
        cluster = fake_ray.two_nodes()
        ranks = placed()
        cluster.faults = {2: None, 3: None}
        with self.assertRaises(RanksError) as caught:
            ranks.ask("r", 0.01)
        self.assertEqual(
            str(caught.exception),
            "2 of 4 ranks answered; ranks 2-3 on npu-1 (10.89.28.11): no answer within 0.01 s",
        )
        self.assertFalse(caught.exception.final)

    def test_a_dead_rank_is_final_and_other_errors_are_not(self) -> None:
        for fault, final in ((fake_ray.ActorDiedError("gone\nlong story"), True), (OSError("busy"), False)):
            with self.subTest(fault):
                cluster = fake_ray.two_nodes()
                ranks = placed()
                cluster.faults = {1: fault}
                with self.assertRaises(RanksError) as caught:
                    ranks.ask("r", 1.0)
                self.assertEqual(caught.exception.final, final)
                self.assertIn("rank 1 on npu-0 (10.89.28.10): " + type(fault).__name__, str(caught.exception))
                self.assertNotIn("long story", str(caught.exception))

    def test_an_old_reply_does_not_count(self) -> None:
        cluster = fake_ray.two_nodes()
        ranks = placed()
        cluster.stale_replies = True
        with self.assertRaisesRegex(
            RanksError, "0 of 4 ranks answered; rank 0 .* answered .* to request old"
        ):
            ranks.ask("new", 1.0)

    def test_two_ranks_on_one_accelerator_are_refused(self) -> None:
        fake_ray.two_nodes().devices = {1: "0"}
        with self.assertRaisesRegex(RanksError, "ranks 0 and 1 both hold NPU 0 of npu-0"):
            placed()

    def test_a_rank_without_an_accelerator_is_refused(self) -> None:
        fake_ray.two_nodes().devices = {3: ""}
        with self.assertRaisesRegex(RanksError, r"rank 3 on npu-1 \(10.89.28.11\) holds no NPU"):
            placed()


class Ranges(unittest.TestCase):
    def test_runs_are_joined(self) -> None:
        for numbers, text in (([], ""), ([4], "4"), ([2, 0, 1], "0-2"), ([0, 2, 3, 9], "0,2-3,9")):
            with self.subTest(numbers):
                self.assertEqual(ranges(numbers), text)


if __name__ == "__main__":
    unittest.main()
