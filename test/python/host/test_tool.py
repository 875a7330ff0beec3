"""Another program, run to its end."""

import sys
import unittest

from ray_node.host import tool


def python(text: str, seconds: float = 20.0) -> tool.Answer:
    return tool.ask([sys.executable, "-c", text], seconds)


class ToolTest(unittest.TestCase):
    def test_ask_returns_output_and_exit_code(self) -> None:
        answer = python("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)")
        self.assertEqual((answer.code, answer.ok, answer.line), (3, False, "out err"))
        self.assertTrue(python("pass").ok)

    def test_answer_without_output_shows_the_exit_code(self) -> None:
        self.assertEqual(python("raise SystemExit(5)").line, "no output, exit code 5")

    def test_ask_ends_a_program_at_the_timeout(self) -> None:
        answer = python("import time; time.sleep(60)", seconds=0.5)
        self.assertEqual(answer.code, tool.TIMED_OUT)
        self.assertIn("no answer within", answer.text)

    def test_ask_names_a_program_that_cannot_be_started(self) -> None:
        answer = tool.ask(["/no/such/program"], 5.0)
        self.assertEqual(answer, tool.Answer(tool.NOT_STARTED, "/no/such/program: No such file or directory"))

    def test_ask_passes_the_environment(self) -> None:
        argv = [sys.executable, "-c", "import os; print(os.environ['WORD'])"]
        self.assertEqual(tool.ask(argv, 20.0, {"WORD": "here"}).line, "here")


if __name__ == "__main__":
    unittest.main()
