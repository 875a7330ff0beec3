"""The head is killed with SIGKILL at random points of rollouts: real processes, files and engines."""

import contextlib
import copy
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import support

from ray_node.agent import state
from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.config import workload
from ray_node.config.load import parse
from ray_node.config.workload import NumberedWorkload

ROLLOUTS = 10
#: About as long as a rollout takes, most of it from the start of the engine to its completion.
LONGEST_SECONDS = 2.5


class KilledTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.value = support.on_loopback(
            self.folder, pools__0__nodes=1, pools__0__addresses=[support.HEAD], deadlines__serving=90
        )
        self.node = self.folder / "node.json"
        self.node.write_text(json.dumps(support.node_life(self.value)), encoding="utf-8")
        self.config = parse(support.node_life(self.value))
        self.records = WorkloadFolder(self.config.paths.state, self.config.cluster)
        self.path = state.path_of(self.config.paths.state, "npu-0")
        self.addCleanup(self.kill)
        self.head: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = str(support.FIXTURES / "head_alone.py")
        with (self.folder / "head.log").open("ab") as output:
            command = [sys.executable, program, str(self.node)]
            self.head = subprocess.Popen(command, stdout=output, stderr=output)

    def kill(self) -> None:
        """What the end of its container is to a head: nothing of it is left."""
        if self.head is not None:
            self.head.send_signal(signal.SIGKILL)
            self.head.wait()
            self.head = None
        for pid, _ in self.engines():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def engines(self) -> list[tuple[int, str]]:
        """The engines of this test that run: process id and command line."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().replace(b"\0", b" ").decode()
                if "tiny_engine.py" in words and str(self.folder) in words:
                    found.append((int(entry.parent.name), words))
        return found

    def made(self, index: int, *flags: str) -> NumberedWorkload:
        value = copy.deepcopy(support.workload_file(self.value))
        value["engine"]["argv"] += ["--break", str(self.folder / f"break-{index}"), *flags]
        value["retries"] = {"engineStarts": 5}
        found = workload.parse(json.dumps(value).encode(), self.config.cluster)
        (self.folder / f"{found.number}.json").write_bytes(found.content)
        return found

    def wait_for(self, given: NumberedWorkload) -> "subprocess.Popen[str]":
        """`ray_node wait --workload`, as Terraform runs it."""
        file = str(self.folder / f"{given.number}.json")
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "ray_node", "wait", "--config", str(self.node)),
                *("--workload", file, "--holder", "/nowhere"),
            ],
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")},
            stdout=subprocess.PIPE,
            text=True,
        )

    def settled(self) -> bool:
        record, found = self.records.rollout(), state.read(self.path)
        if record.next is not None or self.records.request() is not None or found is None:
            return False
        pid = self.head.pid if self.head is not None else 0
        shown = (found["pid"], found["state"], found["workload"])
        return shown == (pid, "serving", record.current)

    def explain(self) -> object:
        return self.records.rollout(), (self.folder / "head.log").read_text(errors="replace")[-3000:]

    def test_rollout_ends_in_the_next_or_the_previous_workload(self) -> None:
        seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
        chance = random.Random(seed)
        markers: dict[str, int] = {}
        first = self.made(0)
        markers[first.number] = 0
        self.start()
        waiting = self.wait_for(first)
        self.assertIn("is serving after", waiting.communicate(timeout=120)[0])
        current = first
        for index in range(1, ROLLOUTS + 1):
            is_good = index % 3 != 0
            given = self.made(index, *([] if is_good else ["--exit-at-once"]))
            markers[given.number] = index
            waiting = self.wait_for(given)
            kills = []
            for _ in range(chance.choice((1, 1, 2))):
                kills.append(round(chance.uniform(0.0, LONGEST_SECONDS), 2))
                time.sleep(kills[-1])
                self.kill()
                self.start()
            with self.subTest(seed=seed, rollout=index, kills=kills, is_good=is_good):
                said = waiting.communicate(timeout=150)[0]
                support.await_that(self.settled, self.explain, 90)
                record = self.records.rollout()
                self.assertEqual(record.current, (given if is_good else current).number, said)
                self.assertEqual(waiting.returncode, 0 if is_good else 1, said)
                (engine,) = self.engines()
                self.assertIn(f"break-{markers[str(record.current)]}", engine[1])
                kept = {name for name in os.listdir(self.records.path) if name.endswith(".json")}
                numbers = {f"{number}.json" for number in record.kept}
                self.assertLessEqual(numbers, kept)
            current = given if is_good else current


if __name__ == "__main__":
    unittest.main()
