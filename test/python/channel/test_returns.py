import selectors
import threading
import unittest

from ray_node.channel.returns import Returns


class ReturnsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.returns: Returns[int] = Returns()
        self.addCleanup(self.returns.close)
        self.selector = selectors.DefaultSelector()
        self.addCleanup(self.selector.close)
        self.selector.register(self.returns, selectors.EVENT_READ)

    def test_what_threads_put_wakes_the_selector_and_is_taken_once(self) -> None:
        threads = [threading.Thread(target=self.returns.put, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        found: list[int] = []
        while len(found) < 20:
            self.assertTrue(self.selector.select(5))
            found += self.returns.taken()
        for thread in threads:
            thread.join()
        self.returns.taken()
        self.assertEqual(sorted(found), list(range(20)))
        self.assertEqual((self.returns.taken(), self.selector.select(0)), ([], []))

    def test_ring_wakes_without_anything(self) -> None:
        self.returns.ring()
        self.assertTrue(self.selector.select(5))
        self.assertEqual((self.returns.taken(), self.selector.select(0)), ([], []))

    def test_bell_that_nobody_hears_does_not_block(self) -> None:
        for _ in range(100_000):
            self.returns.ring()


if __name__ == "__main__":
    unittest.main()
