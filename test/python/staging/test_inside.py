import json
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from ray_node.cli import verify_model
from ray_node.staging import addresses
from ray_node.staging.files import SHA256, BadListing, checked, in_order
from ray_node.staging.folder import Manifest, ModelFolder
from ray_node.staging.inside import LinkFound, opened

DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
FILE = checked("sub/w", 3, SHA256, DIGEST)


class LinksTest(unittest.TestCase):
    """Whoever may write into the folder plants links to a precious file beside it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.precious = Path(folder.name, "precious")
        self.precious.write_bytes(b"foo")
        self.model = Path(folder.name, "model")
        (self.model / ".staging" / "parts" / "sub").mkdir(parents=True)
        (self.model / "sub").mkdir()
        self.folder = ModelFolder(str(self.model))

    def plant(self, name: str) -> None:
        (self.model / name).symlink_to(self.precious)

    def test_link_in_place_of_a_file_is_not_the_file(self) -> None:
        self.plant("sub/w")
        self.assertEqual(self.folder.missing([FILE]), [FILE])
        self.assertIsNone(self.folder.available(FILE))

    def test_file_below_a_linked_folder_is_not_the_file(self) -> None:
        (self.model / "sub").rmdir()
        outside = self.precious.parent / "outside"
        outside.mkdir()
        (outside / "w").write_bytes(b"foo")
        (self.model / "sub").symlink_to(outside)
        self.assertEqual(self.folder.missing([FILE]), [FILE])
        Path(self.folder.part(FILE)).write_bytes(b"foo")
        with self.assertRaises(LinkFound):
            self.folder.accept(FILE)

    def test_nothing_is_written_through_a_planted_link(self) -> None:
        for name in (".staging/manifest.json.new", ".staging/finished.jsonl", ".staging/parts/sub/w.part"):
            self.plant(name)
        self.folder.write_manifest(Manifest("m", (FILE,)), "c", "n")
        (self.model / ".staging" / "parts").symlink_to(self.precious.parent)
        with self.assertRaises(LinkFound):
            self.folder.note_finished(FILE)
        with self.assertRaises(LinkFound):
            self.folder.make_part_folder(FILE)
        self.assertEqual(self.precious.read_bytes(), b"foo")

    def test_pipe_in_place_of_a_file_holds_up_nobody(self) -> None:
        os.mkfifo(self.model / "pipe")
        with self.assertRaises(LinkFound):
            opened(str(self.model / "pipe"), "rb")

    def test_replaced_content_of_the_same_size_is_found(self) -> None:
        (self.model / "sub" / "w").write_bytes(b"foo")
        self.folder.write_manifest(Manifest("m", (FILE,)), "c", "n")
        self.assertEqual(self.folder.changed([FILE]), [])
        self.assertEqual(self.verify(), (0, []))
        (self.model / "sub" / "w").write_bytes(b"bar")
        self.assertEqual(self.folder.missing([FILE]), [])
        self.assertEqual(self.folder.changed([FILE]), [FILE])
        self.assertEqual(self.folder.changed([FILE], largest=2), [])
        self.assertEqual(self.verify(), (1, ["sub/w has other content"]))

    def test_models_without_a_manifest_hide_no_other(self) -> None:
        absent = self.model / "absent"
        (self.model / "sub" / "w").write_bytes(b"foo")
        self.folder.write_manifest(Manifest("m", (FILE,)), "c", "n")
        self.assertEqual(self.verify(self.model, absent), (2, []))
        (self.model / "sub" / "w").write_bytes(b"bar")
        self.assertEqual(self.verify(absent, self.model), (1, ["sub/w has other content"]))

    def verify(self, *folders: Path) -> tuple[int, list[str]]:
        staging = mock.Mock(
            models=[mock.Mock(destination=str(folder)) for folder in folders or (self.model,)]
        )
        config = mock.Mock(workload=mock.Mock(staging=staging))
        with mock.patch("builtins.print") as say:
            code = verify_model.run(config, True)
        return code, json.loads(say.call_args.args[0])["changed"]


class ListingTest(unittest.TestCase):
    def test_list_with_a_file_that_is_also_a_folder_is_refused(self) -> None:
        listed = [checked(path, 3, SHA256, DIGEST) for path in ("a/b", "a-b", "a")]
        with self.assertRaisesRegex(BadListing, "a is listed as a file and as a folder"):
            in_order(listed)

    def test_refusal_of_a_value_holds_no_address(self) -> None:
        secret = "https://b.s3/x?X-Amz-Signature=SECRET"
        wrong: list[tuple[str, Any, str]] = [(secret, 1, DIGEST), ("a", secret, DIGEST), ("a", 1, secret)]
        for path, size, digest in (*wrong, ("a", 10**400, DIGEST)):
            with self.subTest(path=path), self.assertRaises(BadListing) as caught:
                checked(path, size, SHA256, digest)
            self.assertNotIn("SECRET", str(caught.exception))


class AddressesTest(unittest.TestCase):
    def test_address_is_made_absolute_and_quoted(self) -> None:
        for address, wanted in (
            ("https://b.s3/my model?a=%2F&b=c", "https://b.s3/my%20model?a=%2F&b=c"),
            ("w é", "http://h:81/d/w%20%C3%A9"),
            ("//other/x", "http://other/x"),
        ):
            self.assertEqual(addresses.checked(address, "http://h:81/d/index"), wanted)

    def test_what_is_no_address_is_refused_without_its_text(self) -> None:
        for address in (
            *("http://[", "http://h:abc/SECRET", "http://h:99999/SECRET", "http://h:-1/", "file:///SECRET"),
            *(
                "ftp://h/SECRET",
                "javascript:SECRET",
                "http:///SECRET",
                "http://user:SECRET@h/",
                "http://%00/",
            ),
            *("http://a\\@b/", 5, None, ["SECRET"], "http://h/" + "x" * 20_000),
        ):
            with self.subTest(address=address), self.assertRaises(BadListing) as caught:
                addresses.checked(address)
            self.assertNotIn("SECRET", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
