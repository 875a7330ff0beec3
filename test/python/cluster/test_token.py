import os
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ray_node.cluster import token
from ray_node.cluster.token import BadToken


class TokenTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "private" / "ray-token"

    def test_token_is_made_with_mode_0600_whatever_the_umask(self) -> None:
        for umask in (0o000, 0o022, 0o277):
            with self.subTest(umask=oct(umask)):
                self.path.unlink(missing_ok=True)
                self.path.parent.mkdir(exist_ok=True)
                before = os.umask(umask)
                self.addCleanup(os.umask, before)
                made = token.ensure(str(self.path))
                os.umask(before)
                self.assertRegex(made, "^[0-9a-f]{64}$")
                self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
                self.assertEqual(self.path.read_text(encoding="ascii"), made)

    def test_ensure_makes_the_folder(self) -> None:
        token.ensure(str(self.path))
        self.assertTrue(self.path.exists())

    def test_existing_token_is_kept_and_gets_mode_0600(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text("ab" * 32 + "\n", encoding="ascii")
        self.path.chmod(0o644)
        self.assertEqual(token.ensure(str(self.path)), "ab" * 32)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    def test_existing_token_with_mode_0600_is_not_touched(self) -> None:
        # It may lie on a file system that is mounted read-only, where every change fails.
        self.path.parent.mkdir()
        self.path.write_text("ab" * 32, encoding="ascii")
        self.path.chmod(0o600)
        with mock.patch("os.chmod", side_effect=OSError(30, "Read-only file system")):
            self.assertEqual(token.ensure(str(self.path)), "ab" * 32)

    def test_two_tokens_differ(self) -> None:
        first = token.ensure(str(self.path))
        self.path.unlink()
        self.assertNotEqual(first, token.ensure(str(self.path)))

    def test_empty_file_is_replaced(self) -> None:
        self.path.parent.mkdir()
        self.path.touch()
        self.assertIsNone(token.read(str(self.path)))
        self.assertRegex(token.ensure(str(self.path)), "^[0-9a-f]{64}$")

    def test_ensure_leaves_no_draft(self) -> None:
        token.ensure(str(self.path))
        self.assertEqual([item.name for item in self.path.parent.iterdir()], ["ray-token"])

    def test_what_is_no_token_is_named_and_never_taken(self) -> None:
        self.path.parent.mkdir()
        for content, had in (
            (b"e", "1 characters"),
            (b"a" * 31, "31 characters"),
            (b"<html>\nError\n</html>", "3 lines"),
            (b"ab" * 16 + b"\n" + b"cd" * 16, "2 lines"),
            (b"\xff\xfe\x00" * 20, "characters"),
            (b"a" * 5000, "4096 characters"),
        ):
            with self.subTest(content[:10]):
                self.path.write_bytes(content)
                for act in (token.read, token.ensure):
                    with self.assertRaisesRegex(BadToken, had) as caught:
                        act(str(self.path))
                    self.assertNotIn("Error", str(caught.exception))
                self.assertEqual(self.path.read_bytes(), content)

    def test_absent_token_is_none(self) -> None:
        self.assertIsNone(token.read(str(self.path)))


if __name__ == "__main__":
    unittest.main()
