import hashlib
import json
import unittest
from unittest import mock

from fixtures.staging_support import StagingCase

from ray_node.staging import source_secret
from ray_node.staging.failure import SourceRefused
from ray_node.staging.request import IndexSource


class ByIndex(StagingCase):
    """The hub's CDN stands for a bucket: it serves signed addresses and refuses others."""

    def index(self, **changes: object) -> str:
        entries = [
            {
                "path": path,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "url": f"{self.hub.cdn_url}/{path}?Signature={self.hub.signature}",
                **changes,
            }
            for path, data in self.hub.files.items()
            if " " not in path
        ]
        path = self.folder / "index.json"
        path.write_text(json.dumps({"files": entries}))
        return str(path)

    def test_stage_by_an_index_file_follows_its_presigned_addresses(self) -> None:
        source = IndexSource(name="s3://bucket/model", index=self.index())
        wanted = {path: data for path, data in self.hub.files.items() if " " not in path}
        self.assert_staged(self.stage(source=source), wanted)
        self.assertEqual(self.hub.sent_bytes, sum(len(data) for data in wanted.values()))
        for path in self.destination.rglob("*"):
            if path.is_file():
                self.assertNotIn(self.hub.signature.encode(), path.read_bytes())

    def test_stage_by_an_expired_address_asks_for_a_new_index(self) -> None:
        source = IndexSource(
            name="s3://bucket/model", index=self.index(url=f"{self.hub.cdn_url}/x?Signature=old")
        )
        with self.assertRaises(SourceRefused) as caught:
            self.stage(source=source)
        self.assertIn("HTTP 403", caught.exception.reason)
        self.assertIn("make a new index", caught.exception.fix)
        self.assertNotIn("Signature", str(caught.exception))

    def test_stage_by_a_malformed_index_names_the_fault(self) -> None:
        for changes, why in (
            ({"sha256": "short"}, "not a sha256: 'short'"),
            ({"path": "../x"}, "not a path inside"),
            ({"size": -1}, "not a size: -1"),
            ({"path": "same"}, "same is listed twice"),
        ):
            with self.subTest(why), self.assertRaisesRegex(SourceRefused, why):
                self.stage(source=IndexSource("s3://bucket/model", self.index(**changes)))

    def test_stage_without_the_index_fails(self) -> None:
        for index in (str(self.folder / "absent"), f"{self.hub.cdn_url}/absent"):
            with (
                self.subTest(index),
                mock.patch.object(source_secret, "_ANSWER_SECONDS", 0.0),
                self.assertRaisesRegex(SourceRefused, "cannot be read"),
            ):
                self.stage(source=IndexSource("s3://bucket/model", index))


if __name__ == "__main__":
    unittest.main()
