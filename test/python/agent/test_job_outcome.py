import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.agent import job_outcome
from ray_node.config.engine_config import Engine

DONE = {"exitCode": 0, "startedAt": "a", "endedAt": "b", "seconds": 1.5}


class JobOutcomeTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def job(self, **changes: Any) -> Engine:
        value = {
            "engine.kind": "job",
            "engine.api": None,
            "engine.argv": ["roll", "--config", "/c.yaml"],
            "engine.texts": [{"path": "/c.yaml", "text": "gpus: 8"}],
        }
        return support.workload_of(support.parsed({**value, **changes})).engine

    def test_outcome_of_the_same_job_is_found(self) -> None:
        self.assertIsNone(job_outcome.read(self.folder, self.job()))
        job_outcome.write(self.folder, self.job(), DONE)
        self.assertEqual(job_outcome.read(self.folder, self.job()), DONE)
        self.assertEqual(job_outcome.read(self.folder, self.job(**{"deadlines.stop": 99})), DONE)

    def test_outcome_of_another_command_or_text_is_ignored(self) -> None:
        job_outcome.write(self.folder, self.job(), DONE)
        others: list[dict[str, Any]] = [
            {"engine.argv": ["roll", "--config", "/d.yaml"]},
            {"engine.argv": ["roll", "--config /c.yaml"]},
            {"engine.texts": [{"path": "/c.yaml", "text": "gpus: 4"}]},
            {"engine.texts": []},
        ]
        for changes in others:
            with self.subTest(changes=changes):
                self.assertIsNone(job_outcome.read(self.folder, self.job(**changes)))

    def test_unsuccessful_or_malformed_outcome_is_ignored(self) -> None:
        job_outcome.write(self.folder, self.job(), {**DONE, "exitCode": 1})
        self.assertIsNone(job_outcome.read(self.folder, self.job()))
        for content in ("", "[]", "{", '{"fingerprint": 1}'):
            Path(job_outcome.path_of(self.folder)).write_text(content, encoding="utf-8")
            with self.subTest(content=content):
                self.assertIsNone(job_outcome.read(self.folder, self.job()))


if __name__ == "__main__":
    unittest.main()
