import json
import unittest
from typing import Any

import support
from support import ROOT

from ray_node.config.config_error import ConfigError
from ray_node.config.staging_config import StagedModel, StagingConfig
from ray_node.staging.progress import Progress, amount
from ray_node.staging.request import HubSource, IndexSource, PathSource

HUB = "https://hub.example"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORKER: dict[str, Any] = {
    "repository": "meta-llama/Llama-3.1-405B-Instruct",
    "revision": COMMIT,
    "endpoint": "https://huggingface.co",
    "token_file": None,
    "exclude": ("original/*",),
}
SOURCE = {
    "kind": "huggingFace",
    "endpoint": HUB,
    "repository": "maker/model",
    "revision": COMMIT,
    "tokenFile": "/run/secrets/hf",
    "include": ["*"],
    "exclude": ["original/*"],
}


def staged(**changes: Any) -> StagedModel:
    """The only model of a cluster."""
    model = {
        "name": "model",
        "source": SOURCE,
        "destination": "/models/maker--model",
        "placement": "replicated",
        **changes,
    }
    (found,) = staging({"models": [model], "parallelFiles": 4, "deadlineSeconds": 3600}).models
    return found


def staging(value: dict[str, Any]) -> StagingConfig:
    config = support.workload_of(support.parsed({"staging": value})).staging
    assert config is not None
    return config


class Reading(unittest.TestCase):
    def test_hub_source_is_read(self) -> None:
        config = staged()
        exclude = ("original/*",)
        source = HubSource("maker/model", COMMIT, HUB, "/run/secrets/hf", ("*",), exclude)
        self.assertEqual(config.source, source)
        self.assertTrue(config.fans_out)

    def test_examples_of_the_planner_are_read(self) -> None:
        """The examples that its own tests make."""
        examples = json.loads((ROOT / "test" / "fixtures" / "staging.json").read_text(encoding="utf-8"))
        for name, value in examples.items():
            with self.subTest(name):
                found = [(model.name, model.destination) for model in staging(value).models]
                self.assertEqual(found, [(model["name"], model["destination"]) for model in value["models"]])
        self.assertEqual(staging(examples["hub, a worker"]).models[0].source, HubSource(**WORKER))

    def test_index_and_path_sources_are_read(self) -> None:
        config = staged(source={"kind": "index", "name": "s3://b/m", "index": "/run/secrets/index"})
        self.assertEqual(config.source, IndexSource("s3://b/m", "/run/secrets/index"))
        config = staged(source={"kind": "path"})
        self.assertEqual(config.source, PathSource())
        self.assertFalse(config.fans_out)

    def test_bad_source_is_named(self) -> None:
        for changes, problem in (
            ({"source": {**SOURCE, "revision": "main"}}, "commit of 40 hexadecimal digits, got 'main'"),
            ({"source": {**SOURCE, "repository": "a/b/c"}}, "must be '<owner>/<name>', got 'a/b/c'"),
            ({"source": {**SOURCE, "repository": "../x"}}, "must be '<owner>/<name>', got '../x'"),
            ({"source": {"kind": "s3"}}, "one of 'huggingFace', 'modelScope', 'index', 'path'"),
            ({"placement": "somewhere"}, "one of 'shared', 'replicated'"),
        ):
            with self.subTest(changes):
                with self.assertRaises(ConfigError) as caught:
                    staged(**changes)
                (found,) = caught.exception.problems
                self.assertRegex(found, rf"^staging\.models\[0\]\..*{problem}")


class Showing(unittest.TestCase):
    def test_amount_uses_decimal_units(self) -> None:
        self.assertEqual([amount(n) for n in (0, 999, 1500, 811.7e9)], ["0 B", "999 B", "1.5 kB", "811.7 GB"])

    def test_progress_as_text_is_one_line(self) -> None:
        progress = Progress("fetches", "", 12_300_000_000, 811_700_000_000, 850e6, 940.5, 3, 191)
        text = "fetches 12.3 GB of 811.7 GB (2 %), 3 of 191 files, 850.0 MB/s, 15 min 40 s left"
        self.assertEqual(str(progress), text)


if __name__ == "__main__":
    unittest.main()
