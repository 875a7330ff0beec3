import unittest

from ray_node.host import table


class TableTest(unittest.TestCase):
    def test_render_aligns_columns(self) -> None:
        self.assertEqual(
            table.render(("A", "LONG"), [("xyz", "1"), ("x", "")]), ["  A    LONG", "  xyz  1", "  x"]
        )

    def test_duration_has_two_units_at_most(self) -> None:
        cases = [(-1.0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")]
        for seconds, text in cases:
            self.assertEqual(table.duration(seconds), text)


if __name__ == "__main__":
    unittest.main()
