import unittest
from dataclasses import replace

import simulated_clock
from fixtures.staging_support import HURRY

from ray_node.host import clock
from ray_node.staging.upstreams import Upstreams

NEAR, FAR, HEAD = "10.0.0.3", "10.0.0.2", "10.0.0.1"


class UpstreamsTest(unittest.TestCase):
    def setUp(self) -> None:
        simulated_clock.install(self)
        self.upstreams = Upstreams(HURRY, HEAD)
        self.upstreams.put((NEAR, FAR, HEAD))

    def test_best_is_the_nearest_node(self) -> None:
        self.assertEqual(self.upstreams.best(), NEAR)

    def test_best_after_a_failure_is_the_next_node_until_the_pause_is_over(self) -> None:
        self.upstreams.failed(NEAR)
        self.assertEqual(self.upstreams.best(), FAR)
        clock.sleep(2 * HURRY.backoff_first - 0.001)
        self.assertEqual(self.upstreams.best(), FAR)
        clock.sleep(0.002)
        self.assertEqual(self.upstreams.best(), NEAR)

    def test_best_when_all_have_failed_is_the_head(self) -> None:
        for address in (NEAR, FAR, HEAD):
            self.upstreams.failed(address)
        self.assertEqual(self.upstreams.best(), HEAD)

    def test_failed_in_a_row_doubles_the_pause_up_to_a_minute(self) -> None:
        slow = Upstreams(replace(HURRY, backoff_first=1.0), HEAD)
        slow.put((NEAR, HEAD))
        for pause in (2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
            with self.subTest(pause):
                slow.failed(NEAR)
                clock.sleep(pause - 0.001)
                self.assertEqual(slow.best(), HEAD)
                clock.sleep(0.002)
                self.assertEqual(slow.best(), NEAR)

    def test_node_that_gave_wrong_bytes_is_never_asked_again_but_the_head_is(self) -> None:
        for address in (NEAR, HEAD):
            self.upstreams.distrust(address)
        self.assertEqual(self.upstreams.best(), FAR)
        clock.sleep(3600)
        self.assertEqual(self.upstreams.best(), FAR)
        self.upstreams.distrust(FAR)
        self.assertEqual(self.upstreams.best(), HEAD)

    def test_best_with_a_list_that_does_not_end_with_the_head_is_the_head_at_last(self) -> None:
        self.upstreams.put((NEAR,))
        self.upstreams.failed(NEAR)
        self.assertEqual(self.upstreams.best(), HEAD)

    def test_is_idle_for_longer_than_the_stall_time_passes_the_node_over(self) -> None:
        self.upstreams.best()
        clock.sleep(HURRY.stall - 0.001)
        self.upstreams.is_idle(NEAR)
        self.assertEqual(self.upstreams.best(), NEAR)
        clock.sleep(0.002)
        self.upstreams.is_idle(NEAR)
        self.assertEqual(self.upstreams.best(), FAR)

    def test_is_idle_of_a_node_that_gives_now_and_then_changes_nothing(self) -> None:
        self.upstreams.best()
        for _ in range(3):
            clock.sleep(0.6 * HURRY.stall)
            self.upstreams.gave(NEAR)
            clock.sleep(0.6 * HURRY.stall)
            self.upstreams.is_idle(NEAR)
            self.assertEqual(self.upstreams.best(), NEAR)


if __name__ == "__main__":
    unittest.main()
