import json
import os
import stat
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support

from ray_node.hardware.npu import rank_table, rank_table_rules
from ray_node.hardware.npu.rank_table import BadRankTable, TableDevice, TableInput, TableServer

#: Read by the tests of both languages: the same input gives the same bytes and the same refusals.
FOLDER = support.ROOT / "test" / "fixtures" / "rank-tables"
GOOD = sorted(path.name.removesuffix(".input.json") for path in FOLDER.glob("*.input.json"))


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def table_input(value: dict[str, Any]) -> TableInput:
    servers = tuple(
        TableServer(
            server["id"],
            tuple(
                TableDevice(device["id"], device.get("ip"), device.get("superDeviceId"))
                for device in server["devices"]
            ),
            server.get("hostIp"),
            server.get("superPodId"),
        )
        for server in value["servers"]
    )
    return TableInput(value["version"], value["devicePort"], servers)


def without_nulls(value: Any) -> Any:
    """The fixtures' changes remove a key by `null`."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


class RankTableTest(unittest.TestCase):
    def test_the_bytes_of_the_plan(self) -> None:
        self.assertEqual(len(GOOD), 4)
        for name in GOOD:
            with self.subTest(name):
                written = rank_table.text(table_input(read(f"{name}.input.json")))
                self.assertEqual(written, (FOLDER / f"{name}.json").read_text(encoding="utf-8"))
                self.assertEqual(rank_table_rules.problems_of(json.loads(written)), [])

    def test_refuses_what_the_plan_refuses(self) -> None:
        for case in read("bad-inputs.json"):
            with self.subTest(case["name"]):
                value = without_nulls(support.changed(read(f"{case['from']}.input.json"), case["change"]))
                with self.assertRaises(BadRankTable) as caught:
                    rank_table.text(table_input(value))
                first = caught.exception.problems[0]
                self.assertEqual(first.path, case["path"])
                self.assertIn(case["allowed"], first.allowed)
                self.assertTrue(first.fix)

    def test_refuses_finished_tables(self) -> None:
        for case in read("bad-tables.json"):
            with self.subTest(case["name"]):
                value = without_nulls(support.changed(read(f"{case['from']}.json"), case["change"]))
                found = {problem.path: problem.allowed for problem in rank_table_rules.problems_of(value)}
                self.assertIn(case["path"], found)
                self.assertIn(case["allowed"], found[case["path"]])

    def test_refuses_what_is_no_table(self) -> None:
        nothing: list[object] = [[], None, "x", {}, {"server_list": []}, {"server_list": {}}]
        for value in nothing:
            with self.subTest(value=value):
                problems = rank_table_rules.problems_of(value)
                self.assertEqual([problem.path for problem in problems], ["server_list"])

    def test_written_in_one_step_and_compared_by_checksum(self) -> None:
        text = rank_table.text(table_input(read("2x8-a2.input.json")))
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "new" / "rank-table.json")
            self.assertIsNone(rank_table.checksum_of(path))
            rank_table.write(path, text)
            rank_table.write(path, text)
            self.assertEqual(rank_table.checksum_of(path), rank_table.checksum(text))
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
            self.assertEqual(os.listdir(os.path.dirname(path)), ["rank-table.json"])
            Path(path).write_text(text + " ", encoding="utf-8")
            self.assertNotEqual(rank_table.checksum_of(path), rank_table.checksum(text))


if __name__ == "__main__":
    unittest.main()
