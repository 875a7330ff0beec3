"""The head's way from start to serving, and back to it after a loss."""

import stat
import unittest
from pathlib import Path
from unittest import mock

import support
from head_case import VERSIONS, WHOLE, FakeReader, HeadCase, seen

from ray_node.agent import state
from ray_node.host import clock, log


class HeadTest(HeadCase):
    simulated = True

    def test_head_goes_from_starting_to_serving(self) -> None:
        self.start()
        self.until("starting")
        FakeReader.nodes = WHOLE[:1]
        joined = self.until("joined")
        self.assertTrue(joined["member"])
        support.await_that(
            lambda: "waiting for npu-1 (127.0.0.2): not joined yet: joined" in str(state.read(self.path)),
            lambda: state.read(self.path),
        )
        FakeReader.nodes = WHOLE
        serving = self.until("serving")
        self.assertEqual(self.states(), ["starting", "joined", "formed", "comparing", "loading", "serving"])
        self.assertEqual(serving["completion"]["text"], "0 of 0 ranks")
        self.assertEqual([item["verdict"] for item in serving["members"]], ["member with 8 NPU"] * 2)
        self.assertEqual(serving["authentication"], "token")
        self.assertEqual(serving["versions"], {"ray": "2.58.0", "python": "3.11.2"})
        self.assertEqual(self.head.ray_starts, 1)
        self.end()
        self.assertEqual(self.code, [143])
        self.assertFalse((state.read(self.path) or {})["member"])

    def test_token_is_private_and_never_printed(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        self.until("serving")
        path = Path(self.config.paths.token)
        value = path.read_text(encoding="ascii")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        everything = "\n".join(self.printed) + Path(self.path).read_text(encoding="utf-8")
        self.assertNotIn(value, everything)
        self.assertEqual(log.redact(f"a {value}"), "a <secret>")

    def test_member_lost_within_the_hold_time_returns_to_joined(self) -> None:
        FakeReader.nodes = WHOLE
        self.start(deadlines__hold=1.5)
        self.until("formed")
        FakeReader.nodes = WHOLE[:1]
        self.until("joined")
        FakeReader.nodes = WHOLE
        self.until("serving")
        self.assertEqual(self.states().count("formed"), 2)

    def test_member_restarted_within_the_hold_time_returns_to_joined(self) -> None:
        FakeReader.nodes = WHOLE
        self.start(deadlines__hold=1.5)
        self.until("formed")
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, node_id="another"))
        self.until("joined")
        self.until("serving")

    def test_quiet_member_prolongs_the_hold_time(self) -> None:
        """Ray may not have noticed yet that it is dead."""
        FakeReader.nodes = WHOLE
        with mock.patch("ray_node.agent.cluster_view._QUIET_SECONDS", 0.0):
            self.start()
            self.until("formed")
            clock.sleep(1.0)
            self.assertEqual((state.read(self.path) or {})["state"], "formed")
        self.until("serving")

    def test_lost_worker_degrades_the_cluster_until_it_returns(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        first = self.until("serving")
        engine = self.head.engine and self.head.engine.run
        assert engine is not None
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, alive=False))
        degraded = self.until("degraded")
        self.assertEqual(degraded["culprit"]["name"], "npu-1")
        self.assertIsNone(degraded["completion"])
        FakeReader.nodes = (*FakeReader.nodes, seen(support.WORKER, node_id="new"))
        serving = self.until("serving", after=(clock.epoch(first["since"]) or 0) + 0.001)
        self.assertEqual(serving["completion"]["text"], "0 of 0 ranks")
        self.assertIsNot(self.head.engine and self.head.engine.run, engine)

    def test_worker_that_restarts_between_two_looks_is_noticed(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        self.until("serving")
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, node_id="another"))
        self.passes("degraded")
        history = (state.read(self.path) or {})["history"]
        degraded = next(entry for entry in history if entry["state"] == "degraded")
        self.assertEqual(degraded["reason"], "npu-1 (127.0.0.2) has restarted")

    def test_silent_node_table_degrades_the_cluster(self) -> None:
        FakeReader.nodes = WHOLE
        self.start()
        self.until("serving")
        FakeReader.silent_seconds = 61.0
        self.assertRegex(self.until("degraded")["reason"], "node table has not answered for 61 s")

    def test_answer_to_a_worker_holds_the_heads_view(self) -> None:
        FakeReader.nodes = (WHOLE[0], seen(support.WORKER, npus=6))
        self.start(reports=False)
        self.until("joined")
        answer = self.report().answer
        assert answer is not None
        self.assertEqual((answer.session, answer.alive), (self.head.session, True))
        self.assertEqual(answer.verdict, "joined with 6 of 8 accelerators (NPU)")
        self.assertEqual(answer.versions, VERSIONS)

    def test_cluster_without_authentication_warns(self) -> None:
        FakeReader.nodes = WHOLE
        self.start(ray__authentication="none")
        serving = self.until("serving")
        self.assertEqual(serving["authentication"], "none")
        self.assertRegex(serving["warnings"][0], "^the cluster has no authentication")
        # The channel of the nodes is signed all the same.
        self.assertTrue(Path(self.config.paths.token).exists())
        self.assertIsNotNone(self.report().answer)


if __name__ == "__main__":
    unittest.main()
