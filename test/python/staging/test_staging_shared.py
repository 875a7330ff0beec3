import os
import unittest
from pathlib import Path

import simulated_clock
from fixtures.fake_hub import FakeHub, Trouble
from fixtures.staging_support import (
    OTHER_REVISION,
    REPOSITORY,
    NodeProcess,
    StagingCase,
    small_model,
    until,
)

from ray_node.staging.failure import FolderTaken, ModelMissing, OtherFolder, StagingTimeout
from ray_node.staging.lease import Leases, Owner
from ray_node.staging.request import RECEIVE, Pace, PathSource

SECOND = "model-00002-of-00005.safetensors"


class OneShare(StagingCase):
    """Several clusters, each with its own processes, on one folder."""

    def setUp(self) -> None:
        super().setUp()
        self.hub.files = small_model(weight_bytes=1_000_000)

    def slow_down(self) -> None:
        for name in self.hub.files:
            self.hub.trouble[name] = Trouble(bytes_per_second=700_000)

    def test_stage_by_several_clusters_fetches_the_model_once(self) -> None:
        self.slow_down()
        nodes = [NodeProcess(self, self.request(cluster=name)) for name in ("a", "b", "c")]
        for node in nodes:
            self.assertEqual(node.wait_for("staged")["staged"], str(self.destination))
        self.assert_staged(self.destination)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)
        waiting = [
            line
            for node in nodes
            for line in node.lines
            if line.get("progress", {}).get("phase") == "waits" and line["progress"]["bytes_done"] > 0
        ]
        self.assertTrue(waiting, "those who wait show how far the owner is")
        self.assertRegex(waiting[-1]["text"], r"waits .* of 5\.0 MB .*npu-0 of cluster '.' fetches the model")
        self.assertEqual(waiting[-1]["progress"]["bytes_total"], self.hub.total_bytes)

    def test_stage_after_another_cluster_was_killed_continues_its_download(self) -> None:
        self.slow_down()
        first = NodeProcess(self, self.request(cluster="a", parallel_files=2))
        until(lambda: (self.destination / SECOND).exists())
        second = NodeProcess(self, self.request(cluster="b", parallel_files=2))
        second.wait_for("progress")
        first.kill()
        second.wait_for("staged")
        self.assert_staged(self.destination)
        self.assertEqual(self.hub.sent[SECOND], len(self.hub.files[SECOND]))
        # Two files were under way, each with what had been sent and not been written.
        self.assertLess(self.hub.sent_bytes - self.hub.total_bytes, 2 * 1_000_000)

    def test_stage_after_another_cluster_failed_succeeds(self) -> None:
        self.hub.gated = True
        self.hub.tokens = self.hub.members = {"hf_good"}
        poor = NodeProcess(self, self.request(cluster="a"))
        self.assertEqual(poor.wait_for("failure")["failure"], "token-missing")
        rich = self.source(token_file=self.token_file("hf_good"))
        self.assert_staged(self.stage(cluster="b", source=rich))

    def test_stage_of_two_models_into_two_folders_runs_side_by_side(self) -> None:
        other = FakeHub(REPOSITORY, OTHER_REVISION, small_model("other"))
        self.addCleanup(other.close)
        there = str(self.folder / "other")
        source = self.source(revision=OTHER_REVISION, endpoint=other.url)
        nodes = [
            NodeProcess(self, self.request(cluster="a")),
            NodeProcess(self, self.request(cluster="b", source=source, destination=there)),
        ]
        for node in nodes:
            node.wait_for("staged")
        self.assert_staged(self.destination)
        self.assert_staged(Path(there), other.files)
        self.assertEqual(self.hub.sent_bytes + other.sent_bytes, self.hub.total_bytes + other.total_bytes)

    def test_stage_of_another_model_into_the_same_folder_is_refused_and_changes_nothing(self) -> None:
        self.stage()
        before = self.hub.sent_bytes
        for source in (self.source(revision=OTHER_REVISION), self.source(exclude=("*.json",))):
            with self.subTest(source.identity), self.assertRaisesRegex(FolderTaken, "a folder of its own"):
                self.stage(source=source)
        self.assert_staged(self.destination)
        self.assertEqual(self.hub.sent_bytes, before)

    def test_stage_of_another_model_during_the_first_download_is_refused(self) -> None:
        self.slow_down()
        NodeProcess(self, self.request()).wait_for("progress")
        until(lambda: (self.destination / ".staging" / "leases").exists())
        with self.assertRaises(FolderTaken):
            self.stage(source=self.source(revision=OTHER_REVISION))


class LosingTheLease(StagingCase):
    def test_stage_that_loses_its_lease_waits_and_then_continues(self) -> None:
        self.hub.trouble["model-00001-of-00005.safetensors"] = Trouble(bytes_per_second=700_000)
        request = self.request()
        node = NodeProcess(self, request)
        until(lambda: (self.destination / SECOND).exists())
        thief = Leases(
            str(self.destination / ".staging" / "leases"),
            request.source.identity,
            Owner.myself("b", "npu-0"),
            request.pace,
        )
        lease = thief.take(thief.look(), dict)
        assert lease is not None
        waiting = node.wait_for("progress")
        while "npu-0 of cluster 'b' fetches the model" not in waiting["text"]:
            waiting = node.wait_for("progress")
        self.assertFalse((self.destination / ".staging" / "manifest.json").exists())
        self.hub.trouble.clear()
        lease.release("gave up")
        node.wait_for("staged")
        self.assert_staged(self.destination)
        self.assertEqual(self.hub.sent[SECOND], len(self.hub.files[SECOND]))


class Workers(StagingCase):
    """Nodes that may not fetch: they wait for the head's manifest on the share."""

    def test_worker_waits_for_the_head_and_never_asks_the_source(self) -> None:
        worker = NodeProcess(self, self.request(node="npu-1", role=RECEIVE, source=self.unreachable))
        worker.wait_for("progress")
        self.assertIn("nothing of the head's shows here yet", worker.lines[-1]["text"])
        self.stage()
        worker.wait_for("staged")

    def test_worker_at_its_deadline_says_why_the_head_failed(self) -> None:
        self.hub.gated = True
        NodeProcess(self, self.request()).wait_for("failure")
        with self.assertRaisesRegex(StagingTimeout, "npu-0 of cluster 'a' has failed: .* is gated"):
            self.receive()

    def test_worker_without_the_shared_folder_times_out(self) -> None:
        self.stage()
        elsewhere = str(self.folder / "not-mounted")
        with self.assertRaisesRegex(StagingTimeout, "nothing of the head's shows here yet"):
            self.receive(destination=elsewhere)
        self.assertFalse(os.path.exists(elsewhere))

    def test_worker_with_a_truncated_file_times_out(self) -> None:
        self.stage()
        os.truncate(self.destination / SECOND, 10)
        with self.assertRaises(StagingTimeout):
            self.receive()

    def receive(self, **changes: object) -> None:
        """A worker's wait, on a simulated clock: it needs no process that has to do something meanwhile."""
        simulated_clock.install(self)
        self.stage(node="npu-1", role=RECEIVE, deadline_seconds=10.0, **changes)

    @property
    def unreachable(self):  # type: ignore[no-untyped-def]
        return self.source(endpoint="http://127.0.0.1:9")


class InPlace(StagingCase):
    def test_stage_in_place_takes_a_folder_with_files_as_it_is(self) -> None:
        self.destination.mkdir()
        (self.destination / "config.json").write_text("{}")
        self.assertEqual(self.stage(source=PathSource()), self.destination)
        self.assertEqual(os.listdir(self.destination), ["config.json"])

    def test_stage_in_place_of_an_absent_or_empty_folder_names_the_node(self) -> None:
        with self.assertRaisesRegex(ModelMissing, "no model at .* on npu-0: No such file"):
            self.stage(source=PathSource())
        self.destination.mkdir()
        with self.assertRaisesRegex(ModelMissing, "on npu-3: the folder holds no file"):
            self.stage(source=PathSource(), node="npu-3")

    def test_stage_in_place_of_a_cut_off_model_names_node_and_file(self) -> None:
        self.destination.mkdir()
        (self.destination / "config.json").write_text("{}")
        (self.destination / "model.safetensors").write_bytes(b"\x08\0\0")
        reason = (
            "no usable model at .* on npu-3: model.safetensors is no safetensors file, or cut off: 3 bytes"
        )
        with self.assertRaisesRegex(ModelMissing, reason):
            self.stage(source=PathSource(), node="npu-3")


class AnotherFolder(StagingCase):
    def test_stage_of_a_worker_that_sees_another_folder_names_it_long_before_the_deadline(self) -> None:
        simulated_clock.install(self)
        elsewhere = self.folder / "empty"
        elsewhere.mkdir()
        with self.assertRaisesRegex(
            OtherFolder, r"gpu-1 sees nothing of the head in .*empty/model, which is \w+"
        ):
            self.stage(
                role=RECEIVE,
                node="gpu-1",
                destination=str(elsewhere / "model"),
                deadline_seconds=16_200.0,
                pace=Pace(),
            )

    def test_stage_of_a_worker_that_sees_the_head_waits_until_the_deadline(self) -> None:
        simulated_clock.install(self)
        Leases(
            str(self.destination / ".staging" / "leases"),
            self.source().identity,
            Owner.myself("a", "npu-0"),
            Pace(),
        ).take(None, dict)
        with self.assertRaises(StagingTimeout):
            self.stage(role=RECEIVE, node="gpu-1", deadline_seconds=600.0, pace=Pace())


if __name__ == "__main__":
    unittest.main()
