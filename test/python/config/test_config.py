import dataclasses
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.config.config_error import ConfigError
from ray_node.config.load import load, parse

MODEL = {"name": "model", "source": {"kind": "path"}, "destination": "/models/m", "placement": "shared"}
STAGING = {
    "models": [MODEL],
    "parallelFiles": 4,
    "deadlineSeconds": 60,
}

#: (changes to the example, the one problem that must be named)
BAD: list[tuple[dict[str, Any], str]] = [
    ({"cluster": 3}, "cluster: must be text, got 3"),
    ({"node": None}, "node: must be an object, got None"),
    ({"node.role": "leader"}, "node.role: must be one of 'head', 'worker', got 'leader'"),
    ({"node.name": 5}, "node.name: must be text or null, got 5"),
    ({"node.accelerators.planned": True}, "node.accelerators.planned: must be a whole number, got True"),
    ({"node.accelerators.planned": 8.0}, "node.accelerators.planned: must be a whole number, got 8.0"),
    ({"pools": {}}, "pools: must be a list, got {}"),
    ({"pools.0": 1}, "pools[0]: must be an object, got 1"),
    ({"pools.0.addresses": "10.89.28.10"}, "pools[0].addresses: must be a list of texts"),
    ({"ray.authentication": "tls"}, "ray.authentication: must be one of 'token', 'none', got 'tls'"),
    ({"ray.cpus": "1"}, "ray.cpus: must be a whole number or null, got '1'"),
    ({"staging": 1}, "staging: must be an object or null, got 1"),
    (
        {"staging": {**STAGING, "models": [{**MODEL, "source": {"kind": "s3"}}]}},
        "staging.models[0].source.kind: must be one of 'huggingFace', 'modelScope', 'index', 'path'",
    ),
    (
        {"environment.node": {"X": "hostname"}},
        "environment.node.X: must be one of 'address', 'interface', 'exact-interface', 'visible-devices'",
    ),
    ({"environment.own": {"RANK": 1}}, "environment.own.RANK: must be text, got 1"),
    ({"environment.driver": []}, "environment.driver: must be an object, got []"),
    ({"engine.argv": ["a", 1]}, "engine.argv[1]: must be text, got 1"),
    ({"engine.kind": "batch"}, "engine.kind: must be one of 'serve', 'job', 'none', got 'batch'"),
    ({"engine.api": 8000}, "engine.api: must be an object or null, got 8000"),
    ({"engine.api.proof.0.body": "{}"}, "engine.api.proof[0].body: must be an object, got '{}'"),
    ({"engine.follower": {"argv": ["v"]}}, "engine.follower.rankFlag: is missing; must be text"),
    ({"engine.texts": None}, "engine.texts: must be a list, got None"),
    ({"engine.texts": [{"path": "/a", "text": 1}]}, "engine.texts[0].text: must be text, got 1"),
    ({"deadlines.stop": "20"}, "deadlines.stop: must be a number, got '20'"),
    ({"paths.token": None}, "paths.token: must be text, got None"),
]


class ConfigTest(unittest.TestCase):
    def test_load_reads_the_example_of_the_contract(self) -> None:
        loaded = load(str(support.EXAMPLE))
        self.assertEqual(loaded.cluster, "local-2x8")
        self.assertTrue(loaded.is_head)
        self.assertEqual(loaded.gcs_address, "10.89.28.10:6379")
        self.assertEqual(support.workload_of(loaded).pools[0].addresses, ("10.89.28.10", "10.89.28.11"))
        self.assertEqual(loaded.node.accelerators.visible_devices_variable, "ASCEND_RT_VISIBLE_DEVICES")
        self.assertEqual(loaded.ports.node_report, 6378)
        self.assertEqual(loaded.environment.node["GLOO_SOCKET_IFNAME"], "interface")
        workload = support.workload_of(loaded)
        assert workload.engine.api is not None
        self.assertEqual(workload.engine.kind, "serve")
        self.assertEqual(workload.engine.api.proof[0].expect, "16 of 16 ranks")
        self.assertEqual(workload.deadlines.hold, 3.0)
        self.assertEqual(workload.retries.engine_starts, 3)

    def test_parse_names_each_bad_value(self) -> None:
        for changes, problem in BAD:
            with self.subTest(changes=changes):
                with self.assertRaises(ConfigError) as caught:
                    support.parsed(changes)
                self.assertEqual(len(caught.exception.problems), 1, caught.exception.problems)
                self.assertIn(problem, caught.exception.problems[0])

    def test_parse_requires_every_key(self) -> None:
        """Also the nullable ones: a key that is not there is a planner that does not know the contract."""

        def visit(value: Any, path: str) -> None:
            for key in value:
                where = f"{path}{key}"
                if where == "schema" or where.startswith("environment."):
                    continue
                broken = support.example()
                at = broken
                for part in path.split(".")[:-1]:
                    at = at[part]
                del at[key]
                with self.subTest(key=where), self.assertRaises(ConfigError) as caught:
                    parse(broken)
                self.assertEqual(len(caught.exception.problems), 1, caught.exception.problems)
                self.assertTrue(caught.exception.problems[0].startswith(f"{where}: is missing"))
                if isinstance(value[key], dict):
                    visit(value[key], f"{where}.")

        visit(support.example(), "")

    def test_parse_lists_all_problems_at_once(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            support.parsed({"cluster": 1, "node.role": "x", "ports.gcs": "1", "deadlines.hold": None})
        self.assertEqual(len(caught.exception.problems), 4)
        self.assertIn("4 problems", str(caught.exception))

    def test_parse_refuses_another_schema(self) -> None:
        for value, got in (({"schema": 3}, "3"), ({}, "None"), ([1], "None")):
            with self.subTest(value=value), self.assertRaises(ConfigError) as caught:
                parse(value)
            (problem,) = caught.exception.problems
            self.assertEqual(problem, f"schema: must be 1 or 2, got {got}")

    def test_schema_2_holds_the_nodes_life_and_no_workload(self) -> None:
        one, two = support.parsed(), parse(support.node_life(support.example()))
        self.assertIsNone(two.workload)
        self.assertEqual(dataclasses.replace(one, workload=None), two)

    def test_schema_2_requires_every_key_of_the_nodes_life(self) -> None:
        value = support.node_life(support.example())
        for key in [key for key in value if key != "schema"]:
            with self.subTest(key=key), self.assertRaises(ConfigError) as caught:
                parse({name: item for name, item in value.items() if name != key})
            self.assertIn(f"{key}: is missing", caught.exception.problems[0])

    def test_load_refuses_unreadable_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            absent = Path(folder) / "absent.json"
            with self.assertRaisesRegex(ConfigError, "absent.json.*\n.*No such file"):
                load(str(absent))
            broken = Path(folder) / "broken.json"
            broken.write_text("{", encoding="utf-8")
            with self.assertRaisesRegex(ConfigError, "is not JSON"):
                load(str(broken))

    def test_parse_accepts_nodes_without_name_and_address(self) -> None:
        value = support.changed(
            support.example(),
            {"node.name": None, "node.address": None, "node.role": "worker", "pools.0.addresses": None},
        )
        loaded = parse(json.loads(json.dumps(value)))
        self.assertIsNone(loaded.node.name)
        self.assertIsNone(support.workload_of(loaded).pools[0].addresses)


if __name__ == "__main__":
    unittest.main()
