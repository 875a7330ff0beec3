import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import support

from ray_node.cluster import requirements
from ray_node.config.staging_config import StagedModel, StagingConfig
from ray_node.staging.request import HubSource, PathSource


class RequirementsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def problem(self, environment: dict[str, str] | None = None, **wanted: list[str]) -> str | None:
        requires: dict[str, Any] = {"programs": [], "pythonModules": [], "paths": [], **wanted}
        workload = support.workload_of(support.parsed({"engine.requires": requires}))
        return requirements.problem(workload, True, {"PATH": str(self.folder), **(environment or {})})

    def test_programs_are_searched_in_the_engines_path(self) -> None:
        self.assertEqual(
            self.problem(programs=["lmdeploy"]),
            "this node's image lacks what the engine 'emulated' needs: program 'lmdeploy'",
        )
        program = self.folder / "lmdeploy"
        program.touch()
        self.assertIsNotNone(self.problem(programs=["lmdeploy"]), "a file that cannot be run")
        program.chmod(0o755)
        self.assertIsNone(self.problem(programs=["lmdeploy"]))
        self.assertIsNone(self.problem({"PATH": "/nowhere"}, programs=[str(program)]))

    def test_modules_are_found_without_import(self) -> None:
        package = self.folder / "engine_of_test" / "serve"
        package.mkdir(parents=True)
        for item in (package.parent / "__init__.py", package / "__init__.py"):
            item.write_text("raise RuntimeError('imported')", encoding="utf-8")
        path = {"PYTHONPATH": f":{self.folder}"}
        self.assertIsNone(self.problem(path, pythonModules=["engine_of_test", "engine_of_test.serve"]))
        self.assertNotIn("engine_of_test", sys.modules)
        absent = "engine_of_test.train"
        self.assertIn(f"Python module '{absent}'", self.problem(path, pythonModules=[absent]) or "")
        self.assertIn("Python module", self.problem(pythonModules=["engine_of_test"]) or "")

    def test_modules_of_python_itself_are_found(self) -> None:
        self.assertIsNone(self.problem(pythonModules=["sys", "json", "xml.dom.minidom"]))
        self.assertIn("'json.no'", self.problem(pythonModules=["json.no"]) or "")

    def test_problem_lists_everything_that_is_missing(self) -> None:
        found = self.problem(programs=["npu-smi"], pythonModules=["vllm_ascend"], paths=["/no/such", "/"])
        self.assertTrue(
            (found or "").endswith("program 'npu-smi', Python module 'vllm_ascend', path /no/such"), found
        )

    def test_problem_on_a_head_without_the_client_of_its_hub_names_the_package(self) -> None:
        hub = HubSource("maker/model", "0" * 40, "https://hub.example")
        staging = StagingConfig(
            (
                StagedModel("model", PathSource(), "/models/m", "shared"),
                StagedModel("draft-model", hub, "/models/d", "shared"),
            ),
            4,
            60.0,
        )
        workload = replace(support.workload_of(support.parsed({})), staging=staging)
        for package, lacks in (("json", False), ("no_such_hub", True)):
            with self.subTest(package), mock.patch.object(HubSource, "python_package", package):
                found = requirements.problem(workload, True, {}) or ""
                self.assertEqual("no usable Python package 'no_such_hub'" in found, lacks)


if __name__ == "__main__":
    unittest.main()
