"""`vllm serve` without Ray: two nodes on one machine, which meet at a port."""

import os
import signal
import subprocess
import unittest
from typing import Any

from stand_in_case import StandInCase, free_port


class VllmNodesTest(StandInCase):
    def setUp(self) -> None:
        super().setUp()
        self.meeting, self.api = free_port(), free_port()
        for index in range(2):
            (self.folder / f"device{index}").touch()

    def node(self, rank: int, *more: str, **environment: str) -> "subprocess.Popen[str]":
        of_rank = ["--headless"] if rank else ["--host", "127.0.0.1", "--port", str(self.api)]
        cut = ["--tensor-parallel-size", "2", "--pipeline-parallel-size", "2", "--nnodes", "2"]
        meeting = ["--master-addr", "127.0.0.1", "--master-port", str(self.meeting)]
        argv = ["serve", str(self.model), "--served-model-name", "m", "--node-rank", str(rank)]
        return self.start("vllm", *argv, *cut, *meeting, *of_rank, *more, **environment)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.api}{path}"

    def complete(self) -> tuple[int, Any]:
        return self.get(self.url("/v1/completions"), {"model": "m", "prompt": "x"})

    def serving(self, **environment: str) -> "list[subprocess.Popen[str]]":
        nodes = [self.node(1, **environment), self.node(0, **environment)]
        self.until(self.url("/health"), 200)
        return nodes

    def test_an_answer_needs_all_ranks_of_both_nodes(self) -> None:
        self.serving()
        status, body = self.complete()
        self.assertEqual(status, 200)
        self.assertIn("4 of 4 ranks: ", body["choices"][0]["text"])
        ranks = self.get(self.url("/stand-in/ranks"))[1]["ranks"]
        self.assertEqual([rank["rank"] for rank in ranks], [0, 1, 2, 3])
        self.assertEqual(len({rank["pid"] for rank in ranks}), 4)
        # Each in a process of its own, and again in the same ones.
        self.assertEqual(self.get(self.url("/stand-in/ranks"))[1]["ranks"], ranks)
        self.assertEqual({line["program"] for line in self.seen()}, {"vllm"})

    def test_a_follower_that_dies_takes_the_engine_with_it(self) -> None:
        follower, head = self.serving()
        follower.kill()
        reason = self.until(self.url("/health"), 503)["reason"]
        self.assertRegex(reason, "rank [23] on .* has gone")
        self.assertEqual(self.complete()[0], 500)
        self.assertIsNone(head.poll())

    def test_one_rank_that_dies_ends_its_node(self) -> None:
        follower, _ = self.serving()
        ranks = self.get(self.url("/stand-in/ranks"))[1]["ranks"]
        os.kill(ranks[3]["pid"], signal.SIGKILL)
        self.assertEqual(follower.wait(20), 1)
        self.assertIn("rank 3 has ended with -9", self.end(follower))

    def test_a_follower_goes_on_without_its_head(self) -> None:
        follower, head = self.serving()
        head.kill()
        with self.assertRaises(subprocess.TimeoutExpired):
            follower.wait(1.5)
        self.assertIn("has lost the first node and goes on", self.end(follower))

    def test_behaviours_of_the_api(self) -> None:
        self.serving(STAND_IN_BEHAVIOUR="completion-500")
        status, body = self.complete()
        self.assertEqual((status, body["error"]["code"]), (500, "engine_error"))

    def test_a_health_that_never_comes(self) -> None:
        self.node(1)
        self.node(0, STAND_IN_BEHAVIOUR="health-503")
        self.assertEqual(self.until(self.url("/health"), 503)["reason"], "the engine is unhealthy")

    def test_a_hang_takes_connections_and_says_nothing(self) -> None:
        self.node(1)
        head = self.node(0, STAND_IN_BEHAVIOUR="hang")
        assert head.stdout is not None
        self.assertIn("listens on", head.stdout.readline())
        with self.assertRaises(TimeoutError):
            self.get_within(1.0)

    def test_the_wrong_port(self) -> None:
        self.node(1)
        head = self.node(0, STAND_IN_BEHAVIOUR="wrong-port")
        assert head.stdout is not None
        self.assertIn(f"listens on 127.0.0.1:{self.api + 1}", head.stdout.readline())
        with self.assertRaises(OSError):
            self.get_within(1.0)

    def get_within(self, seconds: float) -> None:
        import urllib.request

        urllib.request.urlopen(self.url("/health"), timeout=seconds).close()

    def test_a_crash_is_once_or_always_and_whose_it_is(self) -> None:
        codes = [self.node(0, STAND_IN_BEHAVIOUR="crash-always").wait(20) for _ in range(2)]
        self.assertEqual(codes, [7, 7])
        self.assertEqual(self.node(1, STAND_IN_BEHAVIOUR="follower-crash-always").wait(20), 7)
        self.assertEqual(self.node(0, STAND_IN_BEHAVIOUR="crash-once").wait(20), 7)
        self.node(1, STAND_IN_BEHAVIOUR="crash-once")
        self.node(0, STAND_IN_BEHAVIOUR="crash-once")
        self.until(self.url("/health"), 200)

    def test_what_vllm_refuses(self) -> None:
        cases = [
            (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
            (["--distributed-executor-backend", "ray"], "--nnodes 2 needs the executor 'mp', not 'ray'"),
        ]
        for more, sentence in cases:
            with self.subTest(more=more):
                node = self.node(0, *more)
                self.assertEqual(node.wait(20), 2)
                self.assertIn(sentence, self.end(node))

    def test_more_ranks_than_accelerators(self) -> None:
        (self.folder / "device1").unlink()
        node = self.node(0)
        self.assertEqual(node.wait(20), 1)
        self.assertIn("2 ranks need as many accelerators here, found 1", self.end(node))

    def test_a_typo_in_a_behaviour(self) -> None:
        node = self.node(0, STAND_IN_BEHAVIOUR="crash-twice")
        self.assertEqual(node.wait(20), 1)
        self.assertIn("there is no behaviour 'crash-twice'", self.end(node))


if __name__ == "__main__":
    unittest.main()
