import hashlib
import json
import unittest
from typing import Any

import support
from workload_case import CLUSTER, EXAMPLE, example, numbered

from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.staging.request import HubSource

STAGING = json.loads((support.ROOT / "test" / "fixtures" / "staging.json").read_text(encoding="utf-8"))

#: (changes to the example, the one problem that must be named)
BAD: list[tuple[dict[str, Any], str]] = [
    ({"cluster": 3}, "cluster: must be text, got 3"),
    ({"cluster": "other"}, "cluster: must be 'local-2x8', the cluster of this node, got 'other'"),
    ({"pools": {}}, "pools: must be a list, got {}"),
    ({"pools.0.nodes": "2"}, "pools[0].nodes: must be a whole number, got '2'"),
    ({"engine": None}, "engine: must be an object, got None"),
    ({"engine.kind": "batch"}, "engine.kind: must be one of 'serve', 'job', 'none', got 'batch'"),
    ({"engine.requires.programs": None}, "engine.requires.programs: must be a list of texts, got None"),
    ({"environment.driver": {"RANK": 1}}, "environment.driver.RANK: must be text, got 1"),
    ({"staging": 1}, "staging: must be an object or null, got 1"),
    ({"preflight.tolerated": "x"}, "preflight.tolerated: must be a list of texts, got 'x'"),
    ({"preflight.deviceIps": {"10.0.0.1": 1}}, "preflight.deviceIps.10.0.0.1: must be a list of texts"),
    (
        {"preflight.rankTable": {"path": "/a", "version": "2.0", "devicePort": 1}},
        "preflight.rankTable.version",
    ),
    ({"deadlines.serving": "1"}, "deadlines.serving: must be a number, got '1'"),
    ({"retries.engineStarts": 1.5}, "retries.engineStarts: must be a whole number, got 1.5"),
]


class WorkloadTest(unittest.TestCase):
    def problems(self, content: bytes) -> list[str]:
        with self.assertRaises(ConfigError) as caught:
            workload.parse(content, CLUSTER)
        return caught.exception.problems

    def test_parse_reads_the_example_of_the_contract(self) -> None:
        content = EXAMPLE.read_bytes()
        read = workload.parse(content, CLUSTER)
        self.assertEqual(read.content, content)
        self.assertEqual(read.workload.pools[0].addresses, ("10.89.28.10", "10.89.28.11"))
        self.assertEqual(read.workload.engine.kind, "serve")
        self.assertEqual(read.workload.deadlines.serving, 663.0)
        self.assertEqual(read.workload.retries.engine_starts, 3)
        self.assertIsNone(read.workload.staging)

    def test_workload_of_the_example_of_node_json_is_the_example(self) -> None:
        """Until node.json loses it: both examples describe one cluster."""
        self.assertEqual(support.workload_of(support.parsed()), numbered().workload)

    def test_number_is_the_start_of_the_files_sha256(self) -> None:
        content = EXAMPLE.read_bytes()
        number = workload.parse(content, CLUSTER).number
        self.assertEqual(number, hashlib.sha256(content).hexdigest()[:12])
        self.assertTrue(workload.is_number(number))

    def test_number_differs_with_every_byte(self) -> None:
        content = EXAMPLE.read_bytes()
        self.assertNotEqual(workload.number_of(content), workload.number_of(content + b"\n"))

    def test_is_number_refuses_other_texts(self) -> None:
        for text in ("", "0123456789a", "0123456789abc", "0123456789aB", "../../passwd"):
            with self.subTest(text):
                self.assertFalse(workload.is_number(text))

    def test_parse_names_each_bad_value(self) -> None:
        for changes, problem in BAD:
            with self.subTest(changes=changes):
                problems = self.problems(json.dumps(support.changed(example(), changes)).encode())
                self.assertEqual(len(problems), 1, problems)
                self.assertIn(problem, problems[0])

    def test_parse_lists_all_problems_at_once(self) -> None:
        changes = {"cluster": "other", "engine.kind": "x", "deadlines.hold": None, "retries": 3}
        problems = self.problems(json.dumps(support.changed(example(), changes)).encode())
        self.assertEqual(len(problems), 4, problems)

    def test_parse_requires_every_key(self) -> None:
        for key in example():
            value = example()
            del value[key]
            with self.subTest(key):
                (problem,) = self.problems(json.dumps(value).encode())
                self.assertTrue(problem.startswith(f"{key}: "), problem)

    def test_parse_refuses_what_is_not_a_workload_file(self) -> None:
        for content, problem in (
            (b"{", "is not JSON"),
            (b"\xff\xfe\x00", "is not UTF-8 at byte 0"),
            (b"[" * 200_000, "is nested deeper than 32"),
            (b"[1]", "schema: must be 1, the only one this node program reads, got None"),
            (b'{"schema": 2}', "schema: must be 1, the only one this node program reads, got 2"),
        ):
            with self.subTest(content=content[:10]):
                (found,) = self.problems(content)
                self.assertTrue(found.startswith(problem), found)

    def test_only_the_head_reads_the_secret_of_the_source(self) -> None:
        staged = numbered({"staging": STAGING["hub, the head"]}).workload
        for is_head, token_file in ((True, "/var/lib/ray-cluster/model-secrets/model"), (False, None)):
            with self.subTest(is_head=is_head):
                staging = staged.staging_on(is_head)
                assert staging is not None
                (model,) = staging.models
                assert isinstance(model.source, HubSource)
                self.assertEqual(model.source.token_file, token_file)
        self.assertIsNone(numbered().workload.staging_on(False))

    def test_followers_are_nodes_with_accelerators_other_than_the_head(self) -> None:
        found = numbered({"engine.follower": {"argv": ["vllm"], "rankFlag": "--node-rank"}}).workload
        for is_head, accelerators, runs in ((False, 8, True), (False, 0, False), (True, 8, False)):
            with self.subTest(is_head=is_head, accelerators=accelerators):
                self.assertEqual(found.follower_on(is_head, accelerators) is not None, runs)


if __name__ == "__main__":
    unittest.main()
