import json
import os
import tempfile
import unittest
from pathlib import Path

from ray_node.host import mounts
from ray_node.staging import in_place

#: As `git lfs` 3 writes it (git-lfs/git-lfs docs/spec.md).
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 4976698672\n"
)


def safetensors(data: int = 64, said: int | None = None) -> bytes:
    """A file of one tensor (huggingface/safetensors README: Format)."""
    said = data if said is None else said
    tensor = {"dtype": "F16", "shape": [said // 2], "data_offsets": [0, said]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "x.weight": tensor}).encode().ljust(128)
    return len(header).to_bytes(8, "little") + header + bytes(data)


class InPlaceTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "model"
        self.folder.mkdir()
        names = [f"model-{number:05d}-of-00003.safetensors" for number in (1, 2, 3)]
        for name in names:
            self.write(name, safetensors())
        self.write(
            "model.safetensors.index.json", json.dumps({"weight_map": dict(zip("abc", names, strict=True))})
        )
        self.write("config.json", "{}")
        self.write("tokenizer.json", "{}")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def problems(self) -> list[str]:
        return list(in_place.problems(self.folder))

    def test_problems_of_a_whole_model_are_none(self) -> None:
        self.write("figures/logo.svg", "<svg/>")
        self.write(".gitattributes", "*.safetensors filter=lfs")
        self.write(".git/lfs/x", POINTER)
        self.assertEqual(self.problems(), [])

    def test_problems_of_a_clone_without_lfs_name_every_pointer(self) -> None:
        self.write("model-00002-of-00003.safetensors", POINTER)
        self.write("tokenizer.json", POINTER)
        first, second = self.problems()
        self.assertRegex(first, "model-00002-of-00003.safetensors is a Git LFS pointer of 1.. bytes")
        self.assertRegex(second, "tokenizer.json is a Git LFS pointer .*git lfs pull")

    def test_problems_of_an_index_name_its_missing_files(self) -> None:
        os.unlink(self.folder / "model-00003-of-00003.safetensors")
        self.assertEqual(
            self.problems(),
            ["1 of 3 files of model.safetensors.index.json are missing: model-00003-of-00003.safetensors"],
        )

    def test_problems_without_an_index_count_the_parts(self) -> None:
        os.unlink(self.folder / "model.safetensors.index.json")
        self.assertEqual(self.problems(), [])
        os.unlink(self.folder / "model-00001-of-00003.safetensors")
        self.assertEqual(self.problems(), ["1 of 3 parts are missing: model-00001-of-00003.safetensors"])

    def test_problems_of_files_that_were_cut_off_or_grown_say_both_lengths(self) -> None:
        name = "model-00002-of-00003.safetensors"
        for content, words in (
            (safetensors(60, said=64), "has 196 bytes, its header says 200"),
            (safetensors(68, said=64), "has 204 bytes, its header says 200"),
            (safetensors()[:100], "is no safetensors file, or cut off: 100 bytes"),
            (b"", "is no safetensors file, or cut off: 0 bytes"),
            ((128).to_bytes(8, "little") + b"{" * 128, "has a header that cannot be read"),
            (b"<html>" * 99, "is no safetensors file, or cut off: 594 bytes"),
        ):
            with self.subTest(words=words):
                self.write(name, content)
                self.assertEqual(self.problems(), [f"{name} {words}"])

    def test_problems_without_a_configuration_name_it(self) -> None:
        path = self.folder / "config.json"
        path.unlink()
        self.assertIn("none of config.json, params.json", self.problems()[0])
        self.write("params.json", "{}")
        self.assertEqual(self.problems(), [])

    def test_problems_of_a_cache_of_hugging_face_name_the_snapshot(self) -> None:
        cache = self.folder.parent / "models--a--b"
        (cache / "refs").mkdir(parents=True)
        snapshot = cache / "snapshots" / "0123"
        snapshot.mkdir(parents=True)
        (cache / "blobs").mkdir()
        (cache / "blobs" / "x").write_bytes(safetensors())
        os.symlink("../../blobs/x", snapshot / "model.safetensors")
        (snapshot / "config.json").write_text("{}")
        self.assertEqual(list(in_place.problems(snapshot)), [])
        self.assertIn(f"ModelSource.path('{snapshot}')", next(in_place.problems(cache)))
        (cache / "blobs" / "x").unlink()
        self.assertIn("a link to ../../blobs/x, which is not there", next(in_place.problems(snapshot)))

    def test_problems_of_a_cache_name_the_snapshot_of_its_default_branch(self) -> None:
        hub = self.folder.parent / "hub"
        for name, commits, ref in (("a", ("0123", "9999"), "0123"), ("b", ("4567",), None)):
            for commit in commits:
                (hub / f"models--o--{name}" / "snapshots" / commit).mkdir(parents=True)
            if ref is not None:
                (hub / f"models--o--{name}" / "refs").mkdir()
                (hub / f"models--o--{name}" / "refs" / "main").write_text(f"{ref}\n")
        wanted = [
            f"ModelSource.path('{hub}/models--o--{end}')" for end in ("a/snapshots/0123", "b/snapshots/4567")
        ]
        self.assertEqual(
            list(in_place.problems(hub)),
            [f"{hub} is a hub's cache; name the snapshot in it: {' or '.join(wanted)}"],
        )
        self.assertTrue(next(in_place.problems(hub / "models--o--a")).endswith(wanted[0]))

    def test_problems_of_a_cache_of_modelscope_are_none_where_the_model_lies(self) -> None:
        """First a folder of files (modelscope#1201), from 1.39 on snapshots (DiffSynth-Studio#1665)."""
        old = self.folder.parent / "hub" / "models" / "Qwen" / "Qwen2___5-7B"
        old.parent.mkdir(parents=True)
        self.folder.rename(old)
        for name in (".msc", ".mdl", ".mv"):
            (old / name).write_text("x")
        self.assertEqual(list(in_place.problems(old, needs_tokenizer=True)), [])
        new = self.folder.parent / "models" / "Qwen--Qwen2.5-7B"
        (new / "snapshots").mkdir(parents=True)
        old.rename(new / "snapshots" / "master")
        self.assertEqual(list(in_place.problems(new / "snapshots" / "master", needs_tokenizer=True)), [])
        self.assertIn(f"ModelSource.path('{new}/snapshots/master')", next(in_place.problems(new)))

    def test_problems_without_a_tokenizer_name_it_where_the_engine_needs_one(self) -> None:
        (self.folder / "tokenizer.json").unlink()
        for configuration, needs, count in (
            ({"vocab_size": 128256}, True, 1),
            ({"text_config": {"vocab_size": 262144}}, True, 1),
            ({"vocab_size": 128256}, False, 0),
            # A model of images has none.
            ({"image_size": 224}, True, 0),
        ):
            with self.subTest(configuration=configuration, needs=needs):
                self.write("config.json", json.dumps(configuration))
                found = list(in_place.problems(self.folder, needs))
                self.assertEqual(len(found), count)
                self.assertTrue(all("no tokenizer" in problem for problem in found))

    def test_problems_with_a_tokenizer_of_any_form_are_none(self) -> None:
        (self.folder / "tokenizer.json").unlink()
        self.write("config.json", json.dumps({"vocab_size": 32000}))
        for name in (
            *(
                "tokenizer.model",
                "tokenizer.model.v3",
                "tekken.json",
                "vocab.txt",
                "qwen.tiktoken",
                "merges.txt",
            ),
            *("sentencepiece.bpe.model", "spiece.model", "source.spm", "tokenization_chatglm.py"),
        ):
            with self.subTest(name=name):
                path = self.write(name, "x")
                self.assertEqual(list(in_place.problems(self.folder, needs_tokenizer=True)), [])
                path.unlink()

    def test_problems_of_a_folder_of_another_form_are_none(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        self.write("model-q4.gguf", b"GGUF")
        self.assertEqual(self.problems(), [])


class MountsTest(unittest.TestCase):
    def test_describe_takes_the_innermost_mount(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(
                "22 1 0:20 / / rw - overlay overlay rw\n"
                "30 22 0:41 /export /mnt/models rw shared:5 - nfs4 10.0.0.5:/export rw\n"
                "31 22 8:2 / /mnt/models-old rw - ext4 /dev/sda2 rw\n"
            )
            file.flush()
            self.assertEqual(mounts.describe("/mnt/models/a/b", file.name), "nfs4 of 10.0.0.5:/export")
            self.assertEqual(mounts.describe("/mnt/models-old", file.name), "ext4 of /dev/sda2")
            self.assertEqual(mounts.describe("/mnt/models2", file.name), "overlay of overlay")
        self.assertEqual(mounts.describe("/", "/absent"), "an unknown file system")


if __name__ == "__main__":
    unittest.main()
