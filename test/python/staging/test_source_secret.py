"""The secret of a model's source is taken from its folder, asked for once, and readable for no engine."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from ray_node.staging import source_secret
from ray_node.staging.source_secret import Wallet

TOKEN = "hf_handedOverInMemoryOnly"
LIBRARY = Path(source_secret.__file__).parents[2]

#: Both have the same capabilities, and not this one.
AS_IN_DOCKER = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")

#: A head that has taken the token, and holds it while an engine looks for it.
HOLDER = """
import sys
from ray_node.host import memory
from ray_node.staging import source_secret
if sys.argv[2] == "closed":
    memory.close()
source_secret.take_all(sys.argv[1] + "/state")
held = source_secret.of(sys.argv[1] + "/model-secrets/model")
print("held", len(held), flush=True)
sys.stdin.read()
"""

#: An engine of the same user: reads environment, mounts, files and memory.
ENGINE = """
import glob, os, sys
pid, token, folder = sys.argv[1], sys.argv[2].encode()[::-1], sys.argv[3]
def holds(name, content):
    if token in content:
        print("found in", name, flush=True)
def read(path):
    try:
        with open(path, "rb") as file:
            holds(path, file.read())
    except OSError:
        pass
for path in [f"/proc/{pid}/environ", f"/proc/{pid}/cmdline", f"/proc/{pid}/mountinfo"]:
    read(path)
for path in glob.glob(folder + "/**", recursive=True):
    read(path)
for path in filter(os.path.isfile, glob.glob(f"/proc/{pid}/fd/*")):
    read(path)
try:
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            words = line.split()
            begin, end = (int(word, 16) for word in words[0].split("-"))
            if words[1].startswith("rw") and end - begin < 1 << 28:
                try:
                    memory.seek(begin)
                    holds("memory", memory.read(end - begin))
                except (OSError, ValueError):
                    pass
except OSError as error:
    print("memory:", error.strerror, flush=True)
"""


class SourceSecretTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.folder = self.root / "model-secrets"
        self.folder.mkdir(mode=0o700)
        self.path = str(self.folder / "model")
        self.own = self.root / "own"
        self.own.mkdir()
        self.addCleanup(source_secret._kept.clear)

    def left(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def put(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)

    def test_secrets_that_a_machine_has_fetched_are_taken_at_the_start_and_kept_in_memory(self) -> None:
        for name in ("model", "draft-model", "model.part", "model.asked"):
            self.put(name, f"{TOKEN} of {name}")
        source_secret.take_all(str(self.root / "state"))
        self.assertEqual(self.left(), [])
        self.assertEqual(source_secret.of(self.path), f"{TOKEN} of model".encode())
        # Another attempt, another workload: the machine fetches only before the container starts.
        self.assertEqual(source_secret.of(self.path), f"{TOKEN} of model".encode())
        draft = str(self.folder / "draft-model")
        self.assertEqual(source_secret.of(draft), f"{TOKEN} of draft-model".encode())

    def test_place_without_such_a_folder_has_nothing_to_take(self) -> None:
        source_secret.take_all(str(self.root / "absent" / "state"))

    def test_secret_that_cannot_be_removed_is_an_error(self) -> None:
        self.put("model", TOKEN)
        with (
            mock.patch("os.unlink", side_effect=OSError(30, "Read-only file system")),
            self.assertRaises(OSError),
        ):
            source_secret.take_all(str(self.root / "state"))

    def test_link_in_place_of_a_secret_is_not_followed(self) -> None:
        (self.root / "elsewhere").write_text("of another")
        os.symlink(self.root / "elsewhere", self.path)
        with self.assertRaises(OSError):
            source_secret.take_all(str(self.root / "state"))

    def answered(self, wallet: Wallet) -> bytes:
        over = threading.Event()

        def answer() -> None:
            while not over.wait(0.01):
                wallet.answer()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            return source_secret.of(self.path)
        finally:
            over.set()
            thread.join()

    def test_readiness_check_hands_over_what_the_head_asks_for_each_time(self) -> None:
        for token in (TOKEN, TOKEN + "Rotated"):
            (self.own / "model").write_text(token)
            wallet = Wallet([self.path, None], str(self.own))
            wallet.answer()
            self.assertEqual(self.left(), [], "nobody has asked")
            self.assertEqual(self.answered(wallet), token.encode())
            self.assertEqual(self.left(), [])

    def test_link_that_waits_for_the_readiness_check_is_replaced_not_written_through(self) -> None:
        (self.own / "model").write_text(TOKEN)
        trap = self.root / "trap"
        trap.write_text("before")
        for name in ("model.part", "model.asked"):
            os.symlink(trap, self.folder / name)
        Wallet([self.path], str(self.own)).answer()
        self.assertEqual(trap.read_text(), "before")
        self.assertEqual(Path(self.path).read_text(), TOKEN)

    def test_what_no_head_has_taken_is_withdrawn(self) -> None:
        (self.own / "model").write_text(TOKEN)
        wallet = Wallet([self.path], str(self.own))
        self.put("model.asked", "")
        wallet.answer()
        self.assertEqual(self.left(), ["model"])
        wallet.withdraw()
        self.assertEqual(self.left(), [])

    def test_head_that_nobody_answers_gives_up_and_leaves_no_question(self) -> None:
        with (
            mock.patch.object(source_secret, "_ANSWER_SECONDS", 0.0),
            self.assertRaisesRegex(FileNotFoundError, "no deployment has handed it over"),
        ):
            source_secret.of(self.path)
        self.assertEqual(self.left(), [])

    def look(self, mode: str) -> str:
        """What an engine of the same user sees while the head holds the token."""
        # Reversed in the engine's arguments, or it would find itself.
        (self.folder / "model").write_text(TOKEN)
        environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
        holder = subprocess.Popen(
            [*AS_IN_DOCKER, sys.executable, "-c", HOLDER, str(self.root), mode],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert holder.stdout is not None and holder.stdin is not None
            self.assertEqual(holder.stdout.readline(), f"held {len(TOKEN)}\n")
            engine = [sys.executable, "-c", ENGINE, str(holder.pid), TOKEN[::-1], str(self.root)]
            return subprocess.run(
                [*AS_IN_DOCKER, *engine], capture_output=True, text=True, check=True, timeout=60
            ).stdout
        finally:
            with contextlib.suppress(OSError):
                holder.communicate(timeout=10)

    @unittest.skipUnless(os.geteuid() == 0, "root alone can give a capability away")
    def test_engine_reads_the_token_neither_in_files_nor_in_the_memory_of_the_head(self) -> None:
        self.assertEqual(self.look("closed"), "memory: Permission denied\n")

    @unittest.skipUnless(os.geteuid() == 0, "root alone can give a capability away")
    def test_engine_would_find_the_token_in_the_memory_of_a_head_that_does_not_close_it(self) -> None:
        """So that the test above can fail."""
        if Path("/proc/sys/kernel/yama/ptrace_scope").exists():
            scope = Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip()
            if scope != "0":
                return
        self.assertIn("found in memory", self.look("open"))


if __name__ == "__main__":
    unittest.main()
