import itertools
import json
import time
import unittest

from fixtures.fake_hub import Trouble
from fixtures.staging_support import OTHER_REVISION, REPOSITORY, REVISION, StagingCase

from ray_node.host import log
from ray_node.staging.failure import (
    GatedModel,
    RepositoryNotFound,
    RevisionNotFound,
    SourceRefused,
    StagingFailed,
    TokenMissing,
    TokenRefused,
)
from ray_node.staging.progress import Progress
from ray_node.staging.request import HubSource
from ray_node.staging.stage import stage

TOKEN = "hf_abcdefghijklmnop"


class Fetching(StagingCase):
    def test_every_file_comes_once_and_the_manifest_names_it(self) -> None:
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

    def test_a_staged_folder_needs_no_source(self) -> None:
        self.stage()
        self.hub.close()
        self.assert_staged(self.stage())

    def test_a_file_that_has_gone_since_comes_again_and_the_others_do_not(self) -> None:
        folder = self.stage()
        lost = "model-00002-of-00005.safetensors"
        (folder / lost).unlink()
        before = self.hub.sent_bytes
        self.assert_staged(self.stage())
        self.assertEqual(self.hub.sent_bytes - before, len(self.hub.files[lost]))

    def test_all_pages_of_the_list_are_read_from_the_endpoint(self) -> None:
        self.hub.page_entries = 2
        self.assert_staged(self.stage())
        pages = [request.path for request in self.hub.requests if "/tree/" in request.path]
        self.assertEqual(len(pages), 5)
        self.assertTrue(all(path.startswith(f"/api/models/{REPOSITORY}/tree/{REVISION}?") for path in pages))

    def test_only_the_chosen_files_come(self) -> None:
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

    def test_progress_comes_at_most_once_a_second_and_ends_with_everything(self) -> None:
        for name in self.hub.files:
            if name.endswith(".safetensors"):
                self.hub.trouble[name] = Trouble(bytes_per_second=80_000)
        times: list[float] = []

        def note(progress: Progress) -> None:
            times.append(time.monotonic())
            self.progress.append(progress)

        stage(self.request(), note)
        self.assertGreaterEqual(len(times), 3)
        # The last is told at the end, whenever that is.
        for before, after in itertools.pairwise(times[:-1]):
            self.assertGreater(after - before, 0.95)
        shown = self.progress[-2]
        self.assertEqual(shown.phase, "fetches")
        self.assertEqual(shown.bytes_total, self.hub.total_bytes)
        self.assertGreater(shown.bytes_per_second, 80_000)
        assert shown.remaining_seconds is not None
        left = (shown.bytes_total - shown.bytes_done) / shown.bytes_per_second
        self.assertAlmostEqual(shown.remaining_seconds, left, delta=0.1)
        last = self.progress[-1]
        self.assertEqual((last.phase, last.bytes_done, last.files_done), ("done", self.hub.total_bytes, 9))


class TheToken(StagingCase):
    def setUp(self) -> None:
        super().setUp()
        self.hub.gated = True
        self.hub.tokens = {TOKEN}
        self.hub.members = {TOKEN}

    def test_it_goes_to_the_hub_and_to_nobody_else(self) -> None:
        self.assert_staged(self.stage(source=self.source(token_file=self.token_file(TOKEN))))
        hosts = {request.host: set[str | None]() for request in self.hub.requests}
        for request in self.hub.requests:
            hosts[request.host].add(request.authorization)
        self.assertEqual(hosts, {"hub": {f"Bearer {TOKEN}"}, "cdn": {None}})

    def test_it_is_in_no_file_and_no_log_line(self) -> None:
        name = "model-00001-of-00005.safetensors"
        self.hub.trouble[name] = Trouble(status=503, refusals=2)
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
        """What staging raises; it must be said at once, without trying again and again."""
        started = time.monotonic()
        with self.assertRaises(kind) as caught:
            self.stage(source=source)
        self.assertLess(time.monotonic() - started, 5.0)
        self.assertIs(type(caught.exception), kind)
        self.assertFalse((self.destination / ".staging" / "manifest.json").exists())
        self.assertNotIn(TOKEN, str(caught.exception))
        return caught.exception

    def test_no_token_file(self) -> None:
        path = str(self.folder / "absent")
        failure = self.failure(TokenMissing, self.source(token_file=path))
        self.assertEqual(failure.reason, f"the token file {path} cannot be read: No such file or directory")
        self.assertIn("mounted", failure.fix)
        self.assertEqual(failure.code, "token-missing")
        self.assertEqual(self.hub.requests, [])

    def test_an_empty_token_file(self) -> None:
        for text in ("", "two words", "new\nline"):
            with self.subTest(text):
                self.failure(TokenMissing, self.source(token_file=self.token_file(text)))

    def test_a_gated_model_without_a_token(self) -> None:
        self.hub.gated = True
        failure = self.failure(TokenMissing, self.source())
        self.assertIn(f"{self.hub.url}/{REPOSITORY}", failure.fix)

    def test_a_gated_model_with_a_token_without_access(self) -> None:
        self.hub.gated = True
        self.hub.tokens = {TOKEN}
        failure = self.failure(GatedModel, self.source(token_file=self.token_file(TOKEN)))
        self.assertIn(f"ask for access at {self.hub.url}/{REPOSITORY}", failure.fix)
        self.assertEqual(failure.code, "gated-model")

    def test_a_gated_model_with_a_token_that_nobody_has(self) -> None:
        self.hub.gated = True
        failure = self.failure(TokenRefused, self.source(token_file=self.token_file(TOKEN)))
        self.assertIn(str(self.folder / "token"), failure.reason)

    def test_a_repository_that_is_not_there(self) -> None:
        self.hub.tokens = {TOKEN}
        for token, why in ((None, "it is private"), (TOKEN, "account may not see it")):
            with self.subTest(why):
                path = None if token is None else self.token_file(token)
                source = self.source(repository="maker/other", token_file=path)
                self.assertIn(why, self.failure(RepositoryNotFound, source).reason)

    def test_a_private_repository(self) -> None:
        self.hub.private = True
        self.assertIn("or give a token", self.failure(RepositoryNotFound, self.source()).fix)

    def test_a_wrong_token_for_a_private_repository(self) -> None:
        self.hub.private = True
        self.failure(TokenRefused, self.source(token_file=self.token_file(TOKEN)))

    def test_a_revision_that_is_not_there(self) -> None:
        failure = self.failure(RevisionNotFound, self.source(revision=OTHER_REVISION))
        self.assertIn(OTHER_REVISION, failure.reason)
        self.assertIn("/commits/main", failure.fix)

    def test_something_else_than_a_hub(self) -> None:
        self.hub.list_trouble.status, self.hub.list_trouble.refusals = 200, 1
        self.assertIn("does not answer as a hub", self.failure(SourceRefused, self.source()).reason)

    def test_a_list_with_a_path_that_leaves_the_folder(self) -> None:
        for path in ("../outside", "/etc/passwd", "a/../../b", ".staging/manifest.json", "a\\b", "a//b"):
            with self.subTest(path):
                self.hub.files = {path: b"x"}
                self.assertIn("not a path inside", self.failure(SourceRefused, self.source()).reason)

    def test_a_branch_is_no_revision(self) -> None:
        with self.assertRaisesRegex(ValueError, "commit of 40 hexadecimal digits, got 'main'"):
            self.source(revision="main")


if __name__ == "__main__":
    unittest.main()
