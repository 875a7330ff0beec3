import unittest
from dataclasses import replace

from fixtures.staging_support import HURRY, until

from ray_node.staging.peers import Upstreams

NEAR, FAR, HEAD = "10.0.0.3", "10.0.0.2", "10.0.0.1"


class WhomToAsk(unittest.TestCase):
    def setUp(self) -> None:
        self.upstreams = Upstreams(HURRY)
        self.upstreams.put((NEAR, FAR, HEAD))

    def test_the_nearest_first(self) -> None:
        self.assertEqual(self.upstreams.best(), NEAR)

    def test_the_next_when_it_fails_and_the_nearest_again_after_a_while(self) -> None:
        self.upstreams.failed(NEAR)
        self.assertEqual(self.upstreams.best(), FAR)
        until(lambda: self.upstreams.best() == NEAR, 5)

    def test_the_head_when_all_fail_however_often_it_fails_itself(self) -> None:
        slow = Upstreams(replace(HURRY, backoff_first=30.0))
        slow.put((NEAR, FAR, HEAD))
        for address in (NEAR, FAR, HEAD):
            slow.failed(address)
        self.assertEqual(slow.best(), HEAD)

    def test_one_that_fails_again_and_again_is_left_alone_for_longer(self) -> None:
        slow = Upstreams(replace(HURRY, backoff_first=0.05))
        slow.put((NEAR, HEAD))
        for _ in range(4):
            slow.failed(NEAR)
        with self.assertRaises(AssertionError):
            until(lambda: slow.best() == NEAR, 0.5)
        until(lambda: slow.best() == NEAR, 5)

    def test_one_that_has_had_nothing_new_for_long_is_passed_over(self) -> None:
        self.upstreams.best()

        def passed_over() -> bool:
            self.upstreams.is_idle(NEAR)
            return self.upstreams.best() == FAR

        self.assertFalse(passed_over())
        until(passed_over, 5)

    def test_one_that_gives_now_and_then_is_not(self) -> None:
        self.upstreams.best()
        for _ in range(3):
            with self.assertRaises(AssertionError):
                until(lambda: self.upstreams.best() != NEAR, 0.6 * HURRY.stall)
            self.upstreams.gave(NEAR)
            self.upstreams.is_idle(NEAR)
        self.assertEqual(self.upstreams.best(), NEAR)


if __name__ == "__main__":
    unittest.main()
