"""ROLL's configuration: Hydra's file composed, and what a pipeline refuses of it."""

import json
import unittest
from pathlib import Path
from typing import Any

from stand_in_case import DEFINITIONS, REPOSITORY, StandInCase
from stand_ins import flags, hydra_file, roll
from stand_ins.flags import Refused

RECIPE = REPOSITORY / "test" / "e2e" / "stand-ins" / "recipe.yaml"


class RollTest(StandInCase):
    def compose(self, **settings: Any) -> dict[str, Any]:
        (self.folder / "recipes").mkdir(exist_ok=True)
        (self.folder / "recipes" / "demo.yaml").write_text(RECIPE.read_text())
        document = {
            "defaults": ["demo", "_self_"],
            "hydra": {"searchpath": [f"file://{self.folder}/recipes"]},
            **settings,
        }
        (self.folder / "pipeline.yaml").write_text(json.dumps(document))
        return hydra_file.compose(self.folder, "pipeline")

    def fitting(self, **settings: Any) -> dict[str, Any]:
        mapping = {"device_mapping": "list(range(0,4))"}
        roles = dict.fromkeys(("actor_train", "actor_infer", "reference"), mapping)
        return self.compose(num_gpus_per_node=2, **{**roles, **settings})

    def problems(self, configuration: dict[str, Any], nodes: int = 2) -> list[str]:
        known = roll.known_keys(flags.load("roll-8eb27cc2", DEFINITIONS).document)
        with self.assertRaises(Refused) as caught:
            roll.check(configuration, known, nodes)
        return caught.exception.problems

    def test_the_own_settings_lie_over_those_of_the_recipe(self) -> None:
        found = self.compose(max_steps=7, actor_train={"device_mapping": "list(range(0,4))"})
        self.assertEqual(found["max_steps"], 7)
        self.assertEqual(found["exp_name"], "stand-in")
        self.assertEqual(
            found["actor_train"],
            {"model_args": {"dtype": "bf16"}, "device_mapping": "list(range(0,4))"},
        )
        self.assertNotIn("hydra", found)
        self.assertNotIn("defaults", found)

    def test_a_recipe_that_is_not_there(self) -> None:
        (self.folder / "pipeline.yaml").write_text('{"defaults": ["missing", "_self_"]}')
        with self.assertRaisesRegex(FileNotFoundError, r"no missing\.yaml in "):
            hydra_file.compose(self.folder, "pipeline")

    def test_the_accelerators_that_it_takes(self) -> None:
        known = roll.known_keys(flags.load("roll-8eb27cc2", DEFINITIONS).document)
        self.assertEqual(roll.check(self.fitting(), known, 2), 4)

    def test_what_it_refuses(self) -> None:
        self.assertEqual(self.problems(self.fitting(max_step=3)), ["no key of the configuration: max_step"])
        self.assertEqual(len(self.problems(self.fitting(), nodes=1)), 3)
        self.assertEqual(self.problems(self.fitting(max_steps=0)), ["max_steps must be 1 or more"])
        found = self.problems(self.fitting(reference={"device_mapping": "0-3"}))
        self.assertEqual(found, ["reference.device_mapping: '0-3' is no list(range(a,b))"])

    def test_a_file_of_its_own_that_is_missing_ends_it(self) -> None:
        process = self.start("roll", "--config_path", "nowhere", "--config_name", "pipeline", WORLD_SIZE="2")
        self.assertEqual(process.wait(20), 2)
        self.assertIn("no pipeline.yaml in", self.end(process))
        self.assertFalse(Path(self.folder / "seen.jsonl").exists())


if __name__ == "__main__":
    unittest.main()
