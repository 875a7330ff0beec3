import json
import unittest

import support

from ray_node.engine import symptoms

FIXTURE = support.ROOT / "test" / "fixtures" / "engine-output" / "reported.json"
#: Lines of public reports with what their remedy holds, and lines that only look like them.
REPORTED = json.loads(FIXTURE.read_text("utf-8"))["lines"]


class SymptomsTest(unittest.TestCase):
    def test_find_knows_the_remedy_of_reported_lines(self) -> None:
        for reported in REPORTED:
            with self.subTest(reported["line"]):
                found, wanted = symptoms.find(reported["line"]), reported["fix"]
                if wanted is None or found is None:
                    self.assertEqual(found, wanted)
                else:
                    self.assertIn(wanted, found.fix)

    def test_every_symptom_has_a_report_and_a_line_here(self) -> None:
        met = {symptoms.find(item["line"]) for item in REPORTED if "#" in item.get("source", "")}
        self.assertEqual([item.words.pattern for item in symptoms.SYMPTOMS if item not in met], [])


if __name__ == "__main__":
    unittest.main()
