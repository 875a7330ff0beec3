import tempfile
import unittest
from pathlib import Path

from ray_node.engine import secrets
from ray_node.host import log
from ray_node.host.failure import EngineFailed


class SecretsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "environment.WANDB_API_KEY"

    def read(self) -> dict[str, str]:
        return secrets.read({"WANDB_API_KEY": str(self.file)})

    def test_read_takes_the_value_and_hides_it(self) -> None:
        self.file.write_text("wandb-secret-value\n", encoding="utf-8")
        self.assertEqual(self.read(), {"WANDB_API_KEY": "wandb-secret-value"})
        self.assertEqual(log.redact("x wandb-secret-value"), "x <secret>")

    def test_read_sees_a_value_that_was_replaced(self) -> None:
        self.file.write_text("one-secret", encoding="utf-8")
        self.read()
        self.file.write_text("another-secret", encoding="utf-8")
        self.assertEqual(self.read()["WANDB_API_KEY"], "another-secret")

    def test_secret_that_cannot_be_used_fails_by_its_name(self) -> None:
        for content, said in (
            (None, "the secret WANDB_API_KEY cannot be read: .*: No such file"),
            (b" \n", "the secret WANDB_API_KEY is empty"),
            (b"a\0b", "the secret WANDB_API_KEY is no text"),
            (b"\xff\xfe", "the secret WANDB_API_KEY cannot be read"),
        ):
            with self.subTest(content=content):
                if content is not None:
                    self.file.write_bytes(content)
                with self.assertRaisesRegex(EngineFailed, said):
                    self.read()

    def test_no_secrets_are_no_variables(self) -> None:
        self.assertEqual(secrets.read({}), {})


if __name__ == "__main__":
    unittest.main()
