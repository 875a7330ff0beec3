"""A worker that takes the model from the head, when the head says so."""

import json
import unittest
from pathlib import Path
from typing import Any

import support
from fixtures.staging_support import small_model
from simulated_source import SimulatedSource
from test_head_with_model import staging
from worker_case import WorkerCase

from ray_node.agent import state
from ray_node.agent.node_staging import NodeStaging
from ray_node.agent.worker import Worker
from ray_node.channel.report import HeadAnswer, NodeReport, Staged
from ray_node.cluster import token
from ray_node.config.schema import NodeConfig
from ray_node.host import mounts


class WorkerWithModel(WorkerCase):
    """The head's part is played by the real one, without a head around it."""

    simulated = True

    def setUp(self) -> None:
        super().setUp()
        self.source = SimulatedSource(self, small_model())
        self.attempt: int | None = None
        value = staging(str(self.folder / "own disk"), placement="replicated")
        files = support.free_ports(1)[0]
        self.configure(staging=value, ports__nodeFiles=files)
        self.path = state.path_of(self.config.paths.state, "npu-1")

    def answer(self, received: NodeReport) -> HeadAnswer:
        answer = super().answer(received)
        return HeadAnswer(**{**vars(answer), "staging": self.attempt})

    def head_part(self, attempt: int) -> None:
        """On the head's own disk."""
        value = staging(str(self.folder / "the head's disk"), placement="replicated")
        changes = {
            "node__role": "head",
            "node__address": support.HEAD,
            "staging": value,
            "ports__nodeFiles": self.config.ports.node_files,
        }
        as_head: NodeConfig = support.parsed_loopback(self.folder, **changes)
        part = NodeStaging(as_head, ("npu-0", support.HEAD), token.ensure(self.config.paths.token))
        self.addCleanup(part.close)
        model = support.workload_of(as_head).staging
        assert model is not None
        part.begin(attempt, model)

    def heard(self) -> Staged | None:
        found = self.book.heard().get(support.WORKER)
        return found.report.staged if found is not None else None

    def waits(self, words: str) -> dict[str, Any]:
        return self.shows(lambda found: words in str(found.get("waitingFor")))

    def test_worker_on_a_folder_that_is_no_longer_mounted_starts_nothing(self) -> None:
        here = mounts.find(str(self.folder))
        assert here is not None
        memory = self.folder / "mounts.json"
        memory.write_text(json.dumps({here.point: ["nfs4", "10.0.0.5:/export"]}), encoding="utf-8")
        worker = Worker(self.config)
        worker.mounts_memory = str(memory)
        self.assertEqual(worker.life(), 1)
        self.assertIsNone(worker.ray)
        found = state.read(self.path) or {}
        self.assertEqual(found["state"], state.FAILED)
        self.assertIn("it was nfs4 of 10.0.0.5:/export: it is not mounted on the host", found["reason"])

    def test_worker_stages_when_asked_and_reports_the_end(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.assertIsNone(self.heard())
        self.head_state, self.attempt = "staging", 1
        shown = self.waits("the model: waits")
        self.assertEqual(shown["state"], "staging")
        self.head_part(1)
        support.await_that(lambda: bool(self.heard() and self.heard().done), self.heard)  # type: ignore[union-attr]
        found = self.shows(lambda found: bool(found["staging"] and found["staging"]["done"]))
        self.assertEqual(found["staging"]["progress"]["bytes_total"], self.source.total_bytes)
        own, heads = self.folder / "own disk", self.folder / "the head's disk"
        for name, data in self.source.contents.items():
            self.assertEqual((own / name).read_bytes(), data)
            self.assertEqual((heads / name).read_bytes(), data)
        self.assertEqual(self.source.sent_bytes, self.source.total_bytes)
        # Another attempt looks again and has it at once.
        self.attempt = 2
        support.await_that(lambda: self.heard() is not None and self.heard().attempt == 2, self.heard)  # type: ignore[union-attr]
        support.await_that(lambda: bool(self.heard() and self.heard().done), self.heard)  # type: ignore[union-attr]
        self.assertEqual(self.source.sent_bytes, self.source.total_bytes)

    def test_worker_that_cannot_stage_reports_it_and_stays(self) -> None:
        (self.folder / "own disk").write_text("not a folder")
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)
        self.head_state, self.attempt = "staging", 1
        support.await_that(lambda: bool(self.heard() and self.heard().code), self.heard)  # type: ignore[union-attr]
        heard = self.heard()
        assert heard is not None
        self.assertEqual((heard.attempt, heard.done, heard.code), (1, False, "folder-unusable"))
        self.assertRegex(heard.text, "own disk.* on npu-1: (Not a directory|File exists)")
        self.assertEqual(self.book.heard()[support.WORKER].report.state, "joined")
        Path(self.folder / "own disk").unlink()
        self.head_part(2)
        self.attempt = 2
        support.await_that(lambda: bool(self.heard() and self.heard().done), self.heard)  # type: ignore[union-attr]

    def test_worker_stops_staging_when_the_head_gives_up(self) -> None:
        self.play_head()
        self.start()
        self.head_state, self.attempt = "staging", 1
        self.waits("the model: waits")
        self.head_state, self.attempt = "failed", None
        support.await_that(lambda: self.heard() is None, self.heard)
        self.shows(lambda found: found["state"] == "failed" and found["staging"] is None)


if __name__ == "__main__":
    unittest.main()
