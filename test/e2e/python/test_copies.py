"""What the engines carry to their workers."""

import unittest

from stand_in_case import COPIES
from stand_ins import copies

HEAD = {
    "CUDA_VISIBLE_DEVICES": "0",
    "HCCL_IF_IP": "10.0.0.1",
    "LMDEPLOY_DIST_MASTER_ADDR": "10.0.0.1",
    "PLAIN": "x",
    "VLLM_HOST_IP": "10.0.0.1",
    "VLLM_NIXL_SIDE_CHANNEL_HOST": "10.0.0.1",
}


class CopiesTest(unittest.TestCase):
    def carried(self, identifier: str, *excluded: str) -> list[str]:
        return sorted(copies.rule(identifier, COPIES).carried(HEAD, list(excluded)))

    def test_vllm_before_and_since_its_second_executor(self) -> None:
        self.assertEqual(self.carried("vllm-overwriting"), ["VLLM_NIXL_SIDE_CHANNEL_HOST"])
        self.assertEqual(self.carried("vllm-overwriting", "VLLM_NIXL_SIDE_CHANNEL_HOST"), [])
        since = ["HCCL_IF_IP", "LMDEPLOY_DIST_MASTER_ADDR", "PLAIN"]
        self.assertEqual(self.carried("vllm-filling"), since)
        self.assertEqual(self.carried("vllm-filling", "HCCL_IF_IP"), since[1:])

    def test_lmdeploy_has_no_list(self) -> None:
        self.assertEqual(self.carried("lmdeploy-with-hccl"), ["HCCL_IF_IP", "LMDEPLOY_DIST_MASTER_ADDR"])
        self.assertIsNone(copies.rule("lmdeploy-with-hccl", COPIES).exclusion_file)

    def test_who_wins_on_the_worker(self) -> None:
        own, carried = {"A": "own"}, {"A": "head", "B": "head"}
        self.assertEqual(copies.arrived(carried, own, overwrites=True), {"A": "head", "B": "head"})
        self.assertEqual(copies.arrived(carried, own, overwrites=False), {"A": "own", "B": "head"})


if __name__ == "__main__":
    unittest.main()
