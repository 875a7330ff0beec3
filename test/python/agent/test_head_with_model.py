"""The head between membership and engine, where a model has to be on all nodes first."""

import unittest
from dataclasses import replace
from typing import Any

import support
from fixtures.fake_hub import FakeHub
from fixtures.staging_support import REPOSITORY, REVISION, small_model
from head_case import WHOLE, FakeReader, HeadCase
from simulated_source import SimulatedSource

from ray_node.agent import state
from ray_node.channel.report import Staged
from ray_node.channel.tasks import TaskRunner
from ray_node.config.load import parse
from ray_node.host import clock
from ray_node.preflight import tasks as preflight_tasks
from ray_node.staging.failure import TokenMissing

DONE = Staged(1, True, None, "done 1 MB")


def staging(destination: str, **changes: Any) -> dict[str, Any]:
    """The part of node.json on shared storage."""
    model = {
        "name": "model",
        "source": {
            "kind": "huggingFace",
            "repository": REPOSITORY,
            "revision": REVISION,
            "endpoint": "https://hub.example",
            "tokenFile": None,
            "include": ["*"],
            "exclude": [],
        },
        "destination": destination,
        "placement": "shared",
    }
    of_all = {"parallelFiles": 4, "deadlineSeconds": 60}
    for key in of_all.keys() & changes.keys():
        of_all[key] = changes.pop(key)
    return {"models": [{**model, **changes}], **of_all}


class HeadWithModelCase(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        FakeReader.nodes = WHOLE

    def begin(self, root: str = "/", **changes: Any) -> None:
        """`root` is that of npu-1, whose part of the preflight is played."""
        value = staging(str(self.folder / "model"), **changes)
        loaded = parse(support.on_loopback(self.folder, staging=value))
        handlers = preflight_tasks.handlers(loaded, "npu-1", support.WORKER, {}, root)
        self.tasks = TaskRunner(handlers, lambda: None)
        self.start(staging=value)

    def tells(self, staged: Staged | None) -> None:
        """From now on npu-1 reports this of itself."""
        self.reported = replace(self.reported, staged=staged)

    def until_it_waits_for(self, words: str) -> dict[str, Any]:
        support.await_that(lambda: words in str(self.waiting()), self.waiting)
        return state.read(self.path) or {}

    def waiting(self) -> object:
        return (state.read(self.path) or {}).get("waitingFor")


class HeadWithModelTest(HeadWithModelCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = SimulatedSource(self, small_model())

    def test_worker_with_another_folder_is_the_culprit_before_anything_is_fetched(self) -> None:
        other = self.folder / "root of npu-1"
        (other / self.folder.relative_to("/")).mkdir(parents=True)
        self.begin(root=str(other))
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-1")
        self.assertIn(f"shared storage: {self.folder} is not the head's", failed["reason"])
        self.assertNotIn("staging", self.states())

    def test_engine_starts_when_every_node_has_the_model(self) -> None:
        self.begin()
        waits = self.until_it_waits_for("complete on 1 of 2 nodes: npu-1 has not started")
        self.assertEqual(waits["state"], "staging")
        self.assertEqual(waits["reason"], f"fetching hub:{REPOSITORY}@{REVISION} to {self.folder}/model")
        asked = self.report().answer
        assert asked is not None
        self.assertEqual((asked.state, asked.staging), ("staging", 1))
        self.tells(DONE)
        serving = self.until("serving")
        self.assertEqual(self.states()[-4:], ["staging", "comparing", "loading", "serving"])
        self.assertEqual(serving["staging"]["done"], True)
        self.assertEqual(serving["staging"]["progress"]["bytes_total"], self.source.total_bytes)
        self.assertEqual([node["text"] for node in serving["staging"]["nodes"]][1], "done 1 MB")
        self.assertTrue(any("all 2 nodes have the model: done" in line for line in self.printed))
        self.assertEqual(self.source.sent_bytes, self.source.total_bytes)

    def test_staging_publishes_its_progress(self) -> None:
        self.tells(DONE)
        self.source.bytes_per_second = 60_000
        self.begin()
        waits = self.until_it_waits_for("npu-0 ")
        support.await_that(
            lambda: (self.progress().get("bytes_per_second") or 0) > 0,
            self.progress,
        )
        self.assertEqual(waits["waitingFor"]["deadlineSeconds"], 60)
        self.assertEqual(self.progress()["phase"], "fetches")
        self.until("serving")

    def progress(self) -> dict[str, Any]:
        found: dict[str, Any] = ((state.read(self.path) or {}).get("staging") or {}).get("progress") or {}
        return found

    def test_gated_model_fails_at_once_with_the_head_as_culprit(self) -> None:
        self.source.failure = TokenMissing(
            "maker/model-7b is gated and no token is given", fix="ask for access"
        )
        self.begin()
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-0")
        self.assertRegex(
            failed["culprit"]["reason"],
            "^the model is not staged, token-missing: .* is gated and no token is given; ask for access$",
        )
        self.assertEqual(failed["staging"]["code"], "token-missing")
        # Nobody goes on asking.
        clock.sleep(100.0)
        self.assertEqual(self.source.asked, 1)
        answer = self.report().answer
        self.assertIsNone(answer.staging if answer else 0)
        self.source.failure = None
        self.tells(replace(DONE, attempt=2))
        state.request_retry(self.config.paths.state)
        self.until("serving")

    def test_full_disk_of_a_worker_fails_the_cluster_until_a_retry_is_requested(self) -> None:
        self.begin()
        self.until_it_waits_for("complete on 1 of 2 nodes")
        self.tells(Staged(1, False, "disk-full", "5 GB free, 9 GB wanted; enlarge the disk"))
        failed = self.until("failed")
        self.assertEqual((failed["culprit"]["name"], failed["culprit"]["address"]), ("npu-1", support.WORKER))
        self.assertRegex(failed["reason"], r"^npu-1 \(127.0.0.2\): .* disk-full: 5 GB free")
        self.assertEqual([node["code"] for node in failed["staging"]["nodes"]], [None, "disk-full"])
        state.request_retry(self.config.paths.state)
        # What the node said of the first attempt is not taken for an answer to the second.
        self.until_it_waits_for("npu-1 has not started")
        answer = self.report().answer
        self.assertEqual(answer.staging if answer else None, 2)
        self.tells(replace(DONE, attempt=2))
        self.until("serving")
        self.assertEqual(self.source.sent_bytes, self.source.total_bytes)

    def test_lost_member_does_not_end_the_download(self) -> None:
        self.tells(DONE)
        self.source.bytes_per_second = 60_000
        self.begin()
        self.passes("staging")
        support.await_that(lambda: self.source.sent_bytes > 0, lambda: self.source.sent)
        FakeReader.nodes = WHOLE[:1]
        self.passes("degraded")
        FakeReader.nodes = WHOLE
        self.until("serving")
        self.assertEqual(self.states().count("staging"), 2)
        self.assertEqual(self.source.sent_bytes, self.source.total_bytes)

    def test_stop_during_the_download_releases_the_lease(self) -> None:
        self.source.bytes_per_second = 20_000
        self.begin()
        support.await_that(lambda: self.source.sent_bytes > 0, lambda: self.source.sent)
        started = clock.monotonic()
        self.end()
        self.assertEqual(self.code, [143])
        self.assertLess(clock.monotonic() - started, 1.0)
        (lease,) = (self.folder / "model" / ".staging" / "leases").iterdir()
        self.assertIn('"released": true', lease.read_text(encoding="utf-8"))

    def test_head_without_a_model_has_no_staging(self) -> None:
        self.start()
        serving = self.until("serving")
        self.assertNotIn("staging", self.states())
        self.assertIsNone(serving["staging"])
        answer = self.report().answer
        self.assertIsNone(answer.staging if answer else 0)


class HeadWithRealHubTest(HeadWithModelCase):
    """With the process that fetches, and the hub's own client."""

    def test_head_with_model_on_the_hub_serves(self) -> None:
        hub = FakeHub(REPOSITORY, REVISION, small_model())
        self.addCleanup(hub.close)
        self.tells(DONE)
        value = staging(str(self.folder / "model"))
        self.begin(source={**value["models"][0]["source"], "endpoint": hub.url})
        serving = self.until("serving")
        self.assertEqual(serving["staging"]["progress"]["files_done"], len(hub.files))
        self.assertEqual(hub.sent_bytes, hub.total_bytes)


if __name__ == "__main__":
    unittest.main()
