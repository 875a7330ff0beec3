import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import support
from rank_table_schema import schema_problems

from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu.rank_table import BadRankTable, TableDevice, TableInput, TableServer

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
    def test_text_of_a_good_input_is_the_documented_table(self) -> None:
        self.assertEqual(len(GOOD), 4)
        for name in GOOD:
            with self.subTest(name):
                written = rank_table.text(table_input(read(f"{name}.input.json")))
                self.assertEqual(written, (FOLDER / f"{name}.json").read_text(encoding="utf-8"))
                self.assertEqual(schema_problems(json.loads(written)), [])

    def test_text_of_a_bad_input_names_the_entry(self) -> None:
        for case in read("bad-inputs.json"):
            with self.subTest(case["name"]):
                value = without_nulls(support.changed(read(f"{case['from']}.input.json"), case["change"]))
                with self.assertRaises(BadRankTable) as caught:
                    rank_table.text(table_input(value))
                first = caught.exception.problems[0]
                self.assertEqual(first.path, case["path"])
                self.assertIn(case["must"], first.must)
                self.assertTrue(first.fix)

    def test_text_of_every_cluster_size_is_documented(self) -> None:
        for count in (1, 8, 64):
            for devices in (1, 2, 8, 16):
                servers = tuple(
                    TableServer(
                        f"10.20.30.{100 + server}",
                        tuple(TableDevice(at, f"10.{server}.0.{at}") for at in range(devices)),
                    )
                    for server in range(count)
                )
                with self.subTest(servers=count, devices=devices):
                    table = json.loads(rank_table.text(TableInput("1.0", 16666, servers)))
                    self.assertEqual(schema_problems(table), [])
                    entries = [entry for server in table["server_list"] for entry in server["device"]]
                    self.assertEqual(
                        [entry["rank_id"] for entry in entries], list(map(str, range(len(entries))))
                    )
                    given = [device.ip for server in servers for device in server.devices]
                    self.assertEqual([entry["device_ip"] for entry in entries], given)

    def test_schema_refuses_what_is_not_documented(self) -> None:
        table = read("2x8-a2.json")
        for change, problem in (
            ({"server_list.0.device.0.rank_id": 0}, ".server_list[0].device[0].rank_id is 0"),
            ({"server_count": None}, ".server_count is missing"),
            ({"group_list": []}, ".group_list is not in the documentation"),
        ):
            with self.subTest(problem):
                self.assertEqual(schema_problems(without_nulls(support.changed(table, change))), [problem])

    def test_checksum_of_a_file_is_that_of_its_bytes(self) -> None:
        text = rank_table.text(table_input(read("2x8-a2.input.json")))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rank-table.json"
            self.assertIsNone(rank_table.checksum_of(str(path)))
            path.write_text(text, encoding="utf-8")
            self.assertEqual(rank_table.checksum_of(str(path)), rank_table.checksum(text))
            path.write_text(text + " ", encoding="utf-8")
            self.assertNotEqual(rank_table.checksum_of(str(path)), rank_table.checksum(text))


if __name__ == "__main__":
    unittest.main()
