import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.config import load as config
from ray_node.config.load import ConfigError

STAGING = {
    "source": {"kind": "path"},
    "destination": "/models/m",
    "placement": "shared",
    "parallelFiles": 4,
    "deadlineSeconds": 60,
}

#: (changes to the example, the one problem that must be named)
BAD: list[tuple[dict[str, Any], str]] = [
    ({"cluster": ""}, "cluster: must be non-empty text, got ''"),
    ({"cluster": 3}, "cluster: must be non-empty text, got 3"),
    ({"node": None}, "node: must be an object, got None"),
    ({"node.role": "leader"}, "node.role: must be one of 'head', 'worker', got 'leader'"),
    ({"node.name": 5}, "node.name: must be non-empty text or null, got 5"),
    ({"node.address": "10.89.28.11"}, "node.address: must be head.address '10.89.28.10' on the head"),
    ({"node.address": "10.90.0.1"}, "node.address: must be on 10.89.28.0/24, got '10.90.0.1'"),
    ({"node.address": "::1"}, "node.address: must be an IPv4 address, got '::1'"),
    ({"node.pool": "gpu"}, "node.pool: must be the name of a pool, got 'gpu'"),
    ({"node.accelerators.planned": -1}, "node.accelerators.planned: must be a whole number of at least 0"),
    ({"node.accelerators.planned": True}, "node.accelerators.planned: must be a whole number of at least 0"),
    ({"node.accelerators.planned": 8.0}, "node.accelerators.planned: must be a whole number of at least 0"),
    ({"subnet": "10.89.28.0/33"}, "subnet: must be an IPv4 network in CIDR form, got '10.89.28.0/33'"),
    ({"head.address": "head"}, "head.address: must be an IPv4 address, got 'head'"),
    ({"pools": []}, "pools: must be a list with at least one entry, got []"),
    ({"pools": {}}, "pools: must be a list with at least one entry, got {}"),
    ({"pools.0": 1}, "pools[0]: must be an object, got 1"),
    ({"pools.0.nodes": 0}, "pools[0].nodes: must be a whole number of at least 1, got 0"),
    ({"pools.0.nodes": 3}, "pools[0].addresses: must hold 3, one per node, got 2"),
    ({"pools.0.addresses": "10.89.28.10"}, "pools[0].addresses: must be a list of texts"),
    ({"pools.0.addresses": ["10.89.28.10", "10.1.1.1"]}, "pools[0].addresses[1]: must be on 10.89.28.0/24"),
    (
        {"pools.0.resource": None},
        "pools[0].resource: must be set in a pool with accelerators, got None",
    ),
    ({"ray.authentication": "tls"}, "ray.authentication: must be one of 'token', 'none', got 'tls'"),
    ({"ray.cpus": "1"}, "ray.cpus: must be a whole number of at least 0 or null, got '1'"),
    ({"ports.gcs": 0}, "ports.gcs: must be a whole number of at least 1 and at most 65535, got 0"),
    ({"ports.gcs": 65536}, "ports.gcs: must be a whole number of at least 1 and at most 65535, got 65536"),
    ({"ports.nodeFiles": 0}, "ports.nodeFiles: must be a whole number of at least 1 and at most 65535"),
    ({"staging": 1}, "staging: must be an object or null, got 1"),
    (
        {"staging": {**STAGING, "source": {"kind": "s3"}}},
        "staging.source.kind: must be one of 'huggingFace', 'modelScope', 'index', 'path', got 's3'",
    ),
    (
        {"staging": {**STAGING, "parallelFiles": 0}},
        "staging.parallelFiles: must be a whole number of at least 1",
    ),
    ({"ports.workersTo": 10001}, "ports.workersTo: must be at least workersFrom 10002, got 10001"),
    (
        {"environment.node": {"X": "hostname"}},
        "environment.node.X: must be one of 'address', 'interface', 'exact-interface', 'visible-devices'",
    ),
    ({"environment.own": {"RANK": 1}}, "environment.own.RANK: must be text, got 1"),
    ({"environment.cluster": {"X": 1}}, "environment.cluster.X: must be text, got 1"),
    ({"environment.driver": []}, "environment.driver: must be an object, got []"),
    ({"engine.argv": []}, "engine.argv: must be a command with at least one word, got []"),
    ({"engine.argv": ["a", 1]}, "engine.argv[1]: must be text, got 1"),
    ({"engine.kind": "batch"}, "engine.kind: must be one of 'serve', 'job', 'none', got 'batch'"),
    ({"engine.kind": "job"}, "engine.api: must be null unless kind is 'serve', got an object"),
    ({"engine.api": None}, "engine.api: must be an object if kind is 'serve', got None"),
    ({"engine.api": 8000}, "engine.api: must be an object or null, got 8000"),
    ({"engine.kind": "job", "engine.api": None, "engine.argv": []}, "engine.argv: must be a command with"),
    (
        {"engine.kind": "none", "engine.api": None},
        "engine.argv: must be empty if kind is 'none'",
    ),
    ({"engine.api.port": 0}, "engine.api.port: must be a whole number of at least 1 and at most 65535"),
    ({"engine.api.completion.body": "{}"}, "engine.api.completion.body: must be an object, got '{}'"),
    ({"engine.follower": []}, "engine.follower: must be an object or null, got []"),
    ({"engine.follower": {"argv": [], "rankFlag": "-r"}}, "engine.follower.argv: must be a command with"),
    ({"engine.follower": {"argv": ["v"]}}, "engine.follower.rankFlag: is missing; must be non-empty text"),
    (
        {
            "engine.kind": "job",
            "engine.api": None,
            "engine.follower": {"argv": ["v"], "rankFlag": "--node-rank"},
        },
        "engine.follower: must be null unless kind is 'serve', got an object",
    ),
    (
        {
            "engine.follower": {"argv": ["v"], "rankFlag": "--node-rank"},
            "pools.0.accelerators": 0,
            "node.accelerators.planned": 0,
        },
        "engine.follower: must be null as the head's pool 'npu' has no accelerators for rank 0",
    ),
    ({"engine.withheld": "RANK"}, "engine.withheld: must be a list of texts, got 'RANK'"),
    ({"engine.texts": None}, "engine.texts: must be a list, got None"),
    ({"engine.texts": [{"path": "a.yaml", "text": ""}]}, "engine.texts[0].path: must be an absolute path"),
    ({"engine.texts": [{"path": "/a", "text": 1}]}, "engine.texts[0].text: must be text, got 1"),
    ({"engine.workingDirectory": "roll"}, "engine.workingDirectory: must be an absolute path or null"),
    ({"engine.requires.programs": [1]}, "engine.requires.programs[0]: must be text, got 1"),
    ({"deadlines.hold": 0}, "deadlines.hold: must be a number of seconds above 0, got 0"),
    ({"deadlines.stop": "20"}, "deadlines.stop: must be a number of seconds above 0, got '20'"),
    ({"retries.engineStarts": 0}, "retries.engineStarts: must be a whole number of at least 1, got 0"),
    ({"paths.token": None}, "paths.token: must be non-empty text, got None"),
]


class ConfigTest(unittest.TestCase):
    def test_reads_the_example_of_the_contract(self) -> None:
        loaded = config.load(str(support.EXAMPLE))
        self.assertEqual(loaded.cluster, "local-2x8")
        self.assertTrue(loaded.is_head)
        self.assertEqual(loaded.gcs_address, "10.89.28.10:6379")
        self.assertEqual(loaded.pools[0].addresses, ("10.89.28.10", "10.89.28.11"))
        self.assertEqual(loaded.node.accelerators.visible_devices_variable, "ASCEND_RT_VISIBLE_DEVICES")
        self.assertEqual(loaded.ports.node_report, 6378)
        self.assertEqual(loaded.environment.node["GLOO_SOCKET_IFNAME"], "interface")
        assert loaded.engine.api is not None
        self.assertEqual(loaded.engine.kind, "serve")
        self.assertEqual(loaded.engine.api.completion.must_contain, "16 of 16 ranks")
        self.assertEqual(loaded.deadlines.hold, 3.0)
        self.assertEqual(loaded.retries.engine_starts, 3)

    def test_names_each_bad_value(self) -> None:
        for changes, problem in BAD:
            with self.subTest(changes=changes):
                with self.assertRaises(ConfigError) as caught:
                    support.parsed(changes)
                self.assertEqual(len(caught.exception.problems), 1, caught.exception.problems)
                self.assertIn(problem, caught.exception.problems[0])

    def test_every_key_is_required(self) -> None:
        """Also the nullable ones: a key that is not there is a planner that does not know the contract."""

        def visit(value: Any, path: str) -> None:
            for key in value:
                where = f"{path}{key}"
                if where == "schema" or where.startswith(("environment.", "engine.api.completion.body.")):
                    continue
                broken = support.example()
                at = broken
                for part in path.split(".")[:-1]:
                    at = at[part]
                del at[key]
                with self.subTest(key=where), self.assertRaises(ConfigError) as caught:
                    config.parse(broken)
                self.assertEqual(len(caught.exception.problems), 1, caught.exception.problems)
                self.assertTrue(caught.exception.problems[0].startswith(f"{where}: is missing"))
                if isinstance(value[key], dict) and key != "body":
                    visit(value[key], f"{where}.")

        visit(support.example(), "")

    def test_lists_all_problems_at_once(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            support.parsed({"cluster": "", "node.role": "x", "ports.gcs": -1, "deadlines.hold": 0})
        self.assertEqual(len(caught.exception.problems), 4)
        self.assertIn("4 problems", str(caught.exception))

    def test_an_unknown_schema_is_the_only_problem(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            config.parse({"schema": 2})
        self.assertEqual(
            caught.exception.problems, ["schema: must be 1, the only one this node program reads, got 2"]
        )

    def test_something_else_than_an_object(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            config.parse([1])
        self.assertEqual(caught.exception.problems, ["the file: must be an object"])

    def test_files_that_cannot_be_used(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            absent = Path(folder) / "absent.json"
            with self.assertRaisesRegex(ConfigError, "absent.json.*\n.*No such file"):
                config.load(str(absent))
            broken = Path(folder) / "broken.json"
            broken.write_text("{", encoding="utf-8")
            with self.assertRaisesRegex(ConfigError, "is not JSON"):
                config.load(str(broken))

    def test_a_pool_may_leave_names_and_addresses_to_the_place(self) -> None:
        value = support.changed(
            support.example(),
            {"node.name": None, "node.address": None, "node.role": "worker", "pools.0.addresses": None},
        )
        loaded = config.parse(json.loads(json.dumps(value)))
        self.assertIsNone(loaded.node.name)
        self.assertIsNone(loaded.pools[0].addresses)


if __name__ == "__main__":
    unittest.main()
