import json
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from fixtures.fake_hub import Trouble
from fixtures.staging_support import OTHER_REVISION, REPOSITORY, REVISION, StagingCase

from ray_node.host import log
from ray_node.staging import fetcher, hugging_face, source_secret
from ray_node.staging.failure import (
    GatedModel,
    RepositoryNotFound,
    RevisionNotFound,
    SourceRefused,
    StagingFailed,
    TokenMissing,
    TokenRefused,
)
from ray_node.staging.fetch import Order
from ray_node.staging.hub_failure import token_of
from ray_node.staging.request import HubSource

TOKEN = "hf_abcdefghijklmnop"


class Fetching(StagingCase):
    def test_stage_fetches_each_file_once_and_lists_it_in_the_manifest(self) -> None:
        folder = self.stage()
        self.assertEqual(folder, self.destination)
        self.assert_staged(folder)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)
        manifest = json.loads((folder / ".staging" / "manifest.json").read_text())
        self.assertEqual(manifest["model"], f"hub:{REPOSITORY}@{REVISION}")
        self.assertEqual(manifest["bytes"], self.hub.total_bytes)
        self.assertEqual(manifest["stagedBy"], {"cluster": "a", "node": "npu-0"})
        kinds = {entry["path"]: "sha256" in entry for entry in manifest["files"]}
        self.assertEqual(kinds["config.json"], False)
        self.assertEqual(kinds["model-00001-of-00005.safetensors"], True)

    def test_stage_of_a_complete_folder_needs_no_source(self) -> None:
        self.stage()
        self.hub.close()
        self.assert_staged(self.stage())

    def test_stage_after_a_file_was_deleted_fetches_only_that_file(self) -> None:
        folder = self.stage()
        lost = "model-00002-of-00005.safetensors"
        (folder / lost).unlink()
        before = self.hub.sent_bytes
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent_bytes - before, len(self.hub.files[lost]))

    def test_stage_with_patterns_fetches_only_matching_files(self) -> None:
        chosen = self.source(include=("*.safetensors", "*.json"), exclude=("model-00003*",))
        folder = self.stage(source=chosen)
        wanted = {
            name: data
            for name, data in self.hub.files.items()
            if name.endswith((".safetensors", ".json")) and "00003" not in name
        }
        self.assert_staged(folder, wanted)
        with self.assertRaisesRegex(SourceRefused, "no file that the patterns choose"):
            self.stage(source=self.source(include=("*.gguf",)), destination=str(self.folder / "none"))


class Requests(StagingCase):
    def test_stage_of_small_files_asks_once_for_the_list_and_once_for_each_file(self) -> None:
        self.stage()
        # Each file is redirected once; an empty one needs no request.
        self.assertEqual(len(self.hub.requests), 1 + 2 * sum(1 for data in self.hub.files.values() if data))

    def test_fetch_of_a_large_file_takes_it_by_xet_where_the_hub_offers_it(self) -> None:
        origin = fetcher.origin_of(Order(self.request(), None))
        large = max(origin.files(), key=lambda file: file.size)
        part = self.folder / "part"

        def give(incomplete_path: Path, expected_size: int, **_: object) -> None:
            incomplete_path.write_bytes(self.hub.files[large.path][:expected_size])

        for offered, fetched in ((object(), 0), (None, large.size)):
            metadata = SimpleNamespace(xet_file_data=offered)
            part.unlink(missing_ok=True)
            with (
                self.subTest(offered=offered),
                mock.patch.object(hugging_face, "_XET_BYTES", large.size),
                mock.patch.object(hugging_face, "find_spec", return_value=object()),
                mock.patch.object(hugging_face, "get_hf_file_metadata", return_value=metadata),
                mock.patch.object(hugging_face, "xet_get", give),
            ):
                origin.fetch(large, str(part))
                self.assertEqual(part.read_bytes(), self.hub.files[large.path])
                self.assertEqual(self.hub.sent[large.path], fetched)


class TheToken(StagingCase):
    def setUp(self) -> None:
        super().setUp()
        self.hub.gated = True
        self.hub.tokens = {TOKEN}
        self.hub.members = {TOKEN}

    def test_token_is_sent_to_the_hub_alone(self) -> None:
        self.assert_staged(self.stage(source=self.source(token_file=self.token_file(TOKEN))))
        hosts = {request.host: set[str | None]() for request in self.hub.requests}
        for request in self.hub.requests:
            hosts[request.host].add(request.authorization)
        self.assertEqual(hosts, {"hub": {f"Bearer {TOKEN}"}, "cdn": {None}})

    def test_token_is_in_no_file_and_no_log_line(self) -> None:
        self.hub.list_trouble = Trouble(status=503, refusals=1)
        folder = self.stage(source=self.source(token_file=self.token_file(TOKEN)))
        self.assertIn("HTTP 503", self.logged)
        self.assertNotIn(TOKEN, self.logged)
        self.assertEqual(log.redact(TOKEN), "<secret>")
        self.assertNotIn(self.hub.signature, self.logged)
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(TOKEN.encode(), path.read_bytes(), path)


class Failing(StagingCase):
    def failure(self, kind: type[StagingFailed], source: HubSource) -> StagingFailed:
        """What the list or the first file raises: at once, without another attempt."""
        with self.assertRaises(kind) as caught:
            order = Order(self.request(source=source), token_of(source))
            fetcher.fetch(order, lambda _: None, lambda: None)
        self.assertIs(type(caught.exception), kind)
        self.assertFalse((self.destination / ".staging" / "manifest.json").exists())
        self.assertNotIn(TOKEN, str(caught.exception))
        return caught.exception

    def test_token_file_that_is_absent_is_reported(self) -> None:
        path = str(self.folder / "absent")
        with mock.patch.object(source_secret, "_ANSWER_SECONDS", 0.0):
            failure = self.failure(TokenMissing, self.source(token_file=path))
        self.assertEqual(
            failure.reason, f"the token file {path} cannot be read: no deployment has handed it over"
        )
        self.assertIn("deploy again", failure.fix)
        self.assertEqual(failure.code, "token-missing")
        self.assertEqual(self.hub.requests, [])

    def test_token_file_without_a_token_is_reported(self) -> None:
        for text in ("", "two words", "new\nline"):
            with self.subTest(text):
                self.failure(TokenMissing, self.source(token_file=self.token_file(text)))

    def test_gated_model_without_a_token_is_reported(self) -> None:
        self.hub.gated = True
        failure = self.failure(TokenMissing, self.source())
        self.assertIn(f"{self.hub.url}/{REPOSITORY}", failure.fix)

    def test_gated_model_with_a_token_without_access_is_reported(self) -> None:
        self.hub.gated = True
        self.hub.tokens = {TOKEN}
        failure = self.failure(GatedModel, self.source(token_file=self.token_file(TOKEN)))
        self.assertIn(f"ask for access at {self.hub.url}/{REPOSITORY}", failure.fix)
        self.assertEqual(failure.code, "gated-model")

    def test_gated_model_with_an_unknown_token_is_reported(self) -> None:
        self.hub.gated = True
        failure = self.failure(TokenRefused, self.source(token_file=self.token_file(TOKEN)))
        self.assertIn(str(self.folder / "token"), failure.reason)

    def test_repository_that_is_absent_is_reported(self) -> None:
        self.hub.tokens = {TOKEN}
        for token, why in ((None, "it is private"), (TOKEN, "account may not see it")):
            with self.subTest(why):
                path = None if token is None else self.token_file(token)
                source = self.source(repository="maker/other", token_file=path)
                self.assertIn(why, self.failure(RepositoryNotFound, source).reason)

    def test_repository_that_is_private_asks_for_a_token(self) -> None:
        self.hub.private = True
        self.assertIn("or give a token", self.failure(RepositoryNotFound, self.source()).fix)

    def test_repository_that_is_private_refuses_an_unknown_token(self) -> None:
        self.hub.private = True
        self.failure(TokenRefused, self.source(token_file=self.token_file(TOKEN)))

    def test_revision_that_is_absent_is_reported(self) -> None:
        failure = self.failure(RevisionNotFound, self.source(revision=OTHER_REVISION))
        self.assertIn(OTHER_REVISION, failure.reason)
        self.assertIn(f"{self.hub.url}/{REPOSITORY}", failure.fix)

    def test_endpoint_that_is_no_hub_is_reported(self) -> None:
        self.hub.list_trouble.status, self.hub.list_trouble.refusals = 200, 1
        self.assertIn("does not answer as a hub", self.failure(SourceRefused, self.source()).reason)

    def test_list_with_a_path_outside_the_folder_is_refused(self) -> None:
        for path in ("../outside", "/etc/passwd", "a/../../b", ".staging/manifest.json", "a\\b", "a//b"):
            with self.subTest(path):
                self.hub.files = {path: b"x"}
                self.assertIn("not a path inside", self.failure(SourceRefused, self.source()).reason)

    def test_revision_that_is_a_branch_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "commit of 40 hexadecimal digits, got 'main'"):
            self.source(revision="main")


if __name__ == "__main__":
    unittest.main()
