import json
import unittest
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ray_node.channel import plain
from ray_node.channel.plain import NotPlain, Variants


@dataclass(frozen=True)
class Disk:
    free_bytes: int

    def __post_init__(self) -> None:
        if self.free_bytes < 0:
            raise ValueError("freeBytes: must not be negative")


@dataclass(frozen=True)
class Share:
    host: str


@dataclass(frozen=True)
class Node:
    name: plain.Name
    role: Literal["head", "worker"]
    port: int | None
    load: float
    disks: tuple[Disk, ...]
    labels: dict[str, str]
    storage: Annotated[Disk | Share, Variants("kind", {"disk": Disk, "share": Share})]
    extra: Any = None


NODE = Node("n", "head", 80, 0.5, (Disk(1), Disk(2)), {"a": "b"}, Disk(3), {"x": [1]})
GOOD: dict[str, Any] = {**plain.encode(NODE), "storage": {"kind": "disk", "freeBytes": 3}}


class PlainTest(unittest.TestCase):
    def test_encoded_value_decodes_to_itself(self) -> None:
        self.assertEqual(plain.decode(Node, json.loads(json.dumps(GOOD))), NODE)
        self.assertEqual(GOOD["disks"], [{"freeBytes": 1}, {"freeBytes": 2}])

    def test_decode_accepts_null_whole_float_variant_and_absent_default(self) -> None:
        value = {**GOOD, "port": None, "load": 2, "storage": {"kind": "share", "host": "h"}}
        del value["extra"]
        found = plain.decode(Node, value)
        self.assertEqual((found.port, found.load, found.storage, found.extra), (None, 2.0, Share("h"), None))

    def test_decode_names_each_problem_with_its_path(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"name": 3}, "name: must be text, got 3"),
            ({"role": "boss"}, "role: must be one of 'head', 'worker', got 'boss'"),
            ({"role": []}, "role: must be one of 'head', 'worker', got []"),
            ({"port": True}, "port: must be a whole number or null, got True"),
            ({"load": "1"}, "load: must be a number, got '1'"),
            ({"disks": {}}, "disks: must be a list, got {}"),
            ({"disks": [{"freeBytes": 1}, {}]}, "disks[1].freeBytes: is missing; must be a whole number"),
            ({"disks": [{"freeBytes": -1}]}, "disks[0].freeBytes: must not be negative"),
            ({"labels": {"a": 1}}, "labels.a: must be text, got 1"),
            ({"storage": {"kind": "tape"}}, "storage.kind: must be one of 'disk', 'share', got 'tape'"),
            ({"storage": {"kind": []}}, "storage.kind: must be one of 'disk', 'share', got []"),
            ({"storage": {"kind": "share", "host": 1}}, "storage.host: must be text, got 1"),
        ]
        for changes, problem in cases:
            with self.subTest(changes=changes), self.assertRaises(NotPlain) as caught:
                plain.decode(Node, {**GOOD, **changes})
            self.assertEqual(caught.exception.problems, [problem])

    def test_decode_collects_all_problems(self) -> None:
        with self.assertRaises(NotPlain) as caught:
            plain.decode(Node, {"name": 1, "storage": GOOD["storage"]})
        self.assertEqual(len(caught.exception.problems), 6)

    def test_decode_cuts_long_text(self) -> None:
        found = plain.decode(Node, {**GOOD, "name": "a\nb" + "x" * 500, "labels": {"a": "y" * 5000}})
        self.assertEqual((len(found.name), found.name[:4], len(found.labels["a"])), (200, "a bx", 4000))
        self.assertEqual(
            len(plain.decode(Node, {**GOOD, "labels": {"a": "y" * 5000}}, None).labels["a"]), 5000
        )

    def test_message_of_another_schema_is_refused(self) -> None:
        self.assertEqual(plain.from_message(Disk, plain.to_message(Disk(1))), Disk(1))
        for body in (b"", b"\xff", b"[]", b"{}", b'{"schema": 1, "freeBytes": 1}'):
            with self.subTest(body=body), self.assertRaises(NotPlain):
                plain.from_message(Disk, body)


if __name__ == "__main__":
    unittest.main()
