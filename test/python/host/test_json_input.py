import json
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

from ray_node.host import json_input
from ray_node.host.json_input import Limits, Malformed

TIGHT = Limits(100_000, 8)
LOOSE = Limits(100_000, 8, strict=False)


class JsonInputTest(unittest.TestCase):
    def test_what_is_right_is_read_as_it_is(self) -> None:
        values: tuple[Any, ...] = (
            None,
            {"a": [1, -2, 2.5, True, None, "é", "[[[[[[[[[{{{", '"\\'], "b": {}},
            18446744073709551615,
            [[[[[[[[]]]]]]]],
            ["😀"],
        )
        for value in values:
            with self.subTest(value=value):
                self.assertEqual(json_input.read(json.dumps(value).encode(), TIGHT), value)

    def test_each_kind_of_malformed_content_has_a_name(self) -> None:
        for content, code in (
            (b"x" * 100_001, "too-large"),
            (b'{"a": "\xff"}', "not-utf-8"),
            (b"\xff\xfe{\x00}\x00", "not-utf-8"),
            (b"[" * 9 + b"]" * 9, "too-deep"),
            (b"[" * 99_999, "too-deep"),
            (b'{"a":' * 9 + b"1" + b"}" * 9, "too-deep"),
            (b"\xef\xbb\xbf{}", "not-json"),
            (b"<html>", "not-json"),
            (b"", "not-json"),
            (b"{'a': 1}", "not-json"),
            (b"9" * 21, "too-large-number"),
            (b"9" * 60_000, "too-large-number"),
            (b"1e999", "too-large-number"),
            (b"[NaN]", "not-a-number"),
            (b"[-Infinity]", "not-a-number"),
            (b'{"a": 1, "a": 2}', "duplicate-key"),
            (b'["\\ud800"]', "half-character"),
            (b'{"\\udc00": 1}', "half-character"),
        ):
            with self.subTest(content=content[:20]), self.assertRaises(Malformed) as caught:
                json_input.read(content, TIGHT)
            self.assertEqual(caught.exception.code, code)
            self.assertLess(len(str(caught.exception)), 80)

    def test_files_of_models_may_hold_what_other_programs_write(self) -> None:
        self.assertEqual(json_input.read(b'{"a": 1, "a": Infinity}', LOOSE), {"a": float("inf")})
        for content in (b"9" * 60, b"[" * 9, b'"\\ud800"'):
            with self.subTest(content), self.assertRaises(Malformed):
                json_input.read(content, LOOSE)

    def test_hostile_content_costs_no_more_than_its_length(self) -> None:
        """Brackets make the depth be looked at, quotes and backslashes the strings."""
        for piece in (b'\\"', b'"', b"\\", b"[]", b'"\\', b"{[", b'["a",'):
            content = b"[" * 9 + b'"' + piece * (90_000 // len(piece))
            began = time.process_time()
            with self.assertRaises(Malformed):
                json_input.read(content, TIGHT)
            self.assertLess(time.process_time() - began, 2.0, piece)

    def test_file_is_read_up_to_its_limit(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x.json")
            path.write_text('{"a": 1}', encoding="utf-8")
            self.assertEqual(json_input.read_file(str(path)), {"a": 1})
            path.write_bytes(b" " * 100_001)
            with self.assertRaises(Malformed):
                json_input.read_file(str(path), TIGHT)
            with self.assertRaises(OSError):
                json_input.read_file(folder)


if __name__ == "__main__":
    unittest.main()
