import json
import unittest

from fixtures.fake_model_scope import FakeModelScope
from fixtures.staging_support import OTHER_REVISION, REPOSITORY, REVISION, StagingCase

from ray_node.staging import fetcher
from ray_node.staging.failure import RepositoryNotFound, RevisionNotFound, StagingFailed, TokenRefused
from ray_node.staging.fetch import Order
from ray_node.staging.hub_failure import token_of
from ray_node.staging.request import ModelScopeSource

TOKEN = "ms-abcdefghijklmnop"
SIZES = {"config.json": 60, "assets/chat template.jinja": 7, "a.safetensors": 300_000, "original/b.bin": 9}


class ModelScopeTest(StagingCase):
    def setUp(self) -> None:
        super().setUp()
        files = {path: path[:1].encode() * size for path, size in SIZES.items()}
        self.scope = FakeModelScope(REPOSITORY, REVISION, files)
        self.addCleanup(self.scope.close)

    def of_scope(self, **changes: object) -> ModelScopeSource:
        usual = {"repository": REPOSITORY, "revision": REVISION, "endpoint": self.scope.url}
        return ModelScopeSource(**{**usual, "exclude": ("original/*",), **changes})  # type: ignore[arg-type]

    def test_stage_fetches_each_chosen_file_once_and_retries(self) -> None:
        self.scope.refuse_files = 1
        folder = self.stage(source=self.of_scope())
        wanted = {path: data for path, data in self.scope.files.items() if "original" not in path}
        self.assert_staged(folder, wanted)
        self.assertEqual(self.scope.sent, {path: len(data) for path, data in wanted.items()})
        manifest = json.loads((folder / ".staging" / "manifest.json").read_text())
        self.assertEqual(manifest["model"], f"modelscope:{REPOSITORY}@{REVISION} -original/*")
        self.assertFalse((folder / ".staging" / "scratch").exists())

    def test_stage_shows_the_token_to_the_hub_alone(self) -> None:
        self.scope.token = TOKEN
        self.stage(source=self.of_scope(token_file=self.token_file(TOKEN)))
        self.assertEqual(self.scope.leaked, [])
        self.assertNotIn(TOKEN, self.logged)

    def test_fetch_that_is_refused_raises_the_kind_of_refusal(self) -> None:
        for kind, changes, token in (
            (RepositoryNotFound, {"repository": "maker/other"}, None),
            (RepositoryNotFound, {}, TOKEN),
            (TokenRefused, {"token_file": self.token_file("ms-other")}, TOKEN),
            (RevisionNotFound, {"revision": OTHER_REVISION}, None),
        ):
            with self.subTest(kind=kind, changes=changes):
                self.scope.token = token
                source = self.of_scope(**changes)
                order = Order(self.request(source=source), token_of(source))
                with self.assertRaises(StagingFailed) as caught:
                    fetcher.fetch(order, lambda _: None, lambda: None)
                self.assertIs(type(caught.exception), kind)


if __name__ == "__main__":
    unittest.main()
