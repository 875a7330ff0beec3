"""The node program as it is delivered: without the lines that hold nothing but a comment."""

import tokenize
import unittest
from pathlib import Path

import support

PACKAGE = support.ROOT / "lib" / "runtime" / "ray_node"


class ProgramFilesTest(unittest.TestCase):
    def test_no_string_has_a_line_that_looks_like_a_comment(self) -> None:
        found: list[str] = []
        for path in sorted(Path(PACKAGE).rglob("*.py")):
            with path.open("rb") as file:
                for token in tokenize.tokenize(file.readline):
                    is_text = token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
                    lines = token.string.splitlines()[1:] if is_text else []
                    found += [f"{path}: {line}" for line in lines if line.lstrip().startswith("#")]
        self.assertEqual(found, [], "lib/runtime/program-files.ts would empty these lines")


if __name__ == "__main__":
    unittest.main()
