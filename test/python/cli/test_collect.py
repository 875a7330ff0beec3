"""What a node gives to the archive of `doctor`, and what it never gives."""

import contextlib
import io
import json
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

import support

from ray_node.agent import state
from ray_node.cli import collect
from ray_node.config import load
from ray_node.host import log, tool

TOKEN = "0f" * 32
SECRETS = {
    "hub": "hf_abcdefghijklmnopqrstuvwxyz",
    "api": 'key-with-"quotes"-in-it',
    "driver": "wandb-key-123",
}


class CollectTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(log.forget, TOKEN)
        self.value = support.on_loopback(self.folder)
        self.value["paths"] = {
            "state": str(self.folder / "state"),
            "token": self.file("ray-token", TOKEN),
            "engineLog": str(self.folder / "logs" / "engine.log"),
        }
        self.value["engine"]["secrets"] = {"WANDB_API_KEY": self.file("driver", SECRETS["driver"] + "\n")}
        self.value["engine"]["api"]["apiKeyFile"] = self.file("api", f"{SECRETS['api']}\nsecond-key\n")
        (self.folder / "state").mkdir()
        (self.folder / "logs").mkdir()

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def collected(self) -> dict[str, str]:
        printed = io.StringIO()
        with (
            contextlib.redirect_stdout(printed),
            unittest.mock.patch.object(collect, "_RAY_LOG_PATTERN", str(self.folder / "ray" / "*")),
            unittest.mock.patch.object(tool, "ask", self.ask),
        ):
            self.assertEqual(collect.run(load.parse(self.value)), 0)
        self.printed = printed.getvalue()
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.printed.splitlines()]
        return {line["name"]: line["text"] for line in lines}

    def ask(self, argv: tuple[str, ...], *_: object) -> tool.Answer:
        if argv[0] == "npu-smi":
            return tool.Answer(tool.NOT_STARTED, "npu-smi: No such file or directory")
        return tool.Answer(0, f"{argv[-1]} says {TOKEN}")

    def test_state_logs_and_tools_are_there_and_what_is_missing_is_left_out(self) -> None:
        name = self.value["node"]["name"]
        state.write_atomically(state.path_of(self.value["paths"]["state"], name), {"state": "serving"})
        self.file("logs/engine.log", "loading\n")
        self.file("logs/empty.log", "")
        (self.folder / "ray").mkdir()
        self.file("ray/raylet.out", "a raylet")
        found = self.collected()
        self.assertEqual(json.loads(found["state.json"]), {"state": "serving"})
        self.assertEqual((found["engine/engine.log"], found["ray/raylet.out"]), ("loading\n", "a raylet"))
        self.assertIn("machine/nvidia-smi.txt", found)
        self.assertIn("MemTotal", found["machine-proc-meminfo"])
        self.assertIn("says", found["ray-status.txt"])
        self.assertIn("==", found["packages.txt"])
        for absent in ("machine/npu-smi.txt", "engine/empty.log", "preflight.json", "rollout.json"):
            self.assertNotIn(absent, found)

    def test_of_a_long_file_the_end_is_taken(self) -> None:
        self.file("logs/engine.log", "x" * (300 << 10) + "the end")
        text = self.collected()["engine/engine.log"]
        self.assertTrue(text.startswith(f"[the last {256 << 10} of {(300 << 10) + 7} bytes]\n"))
        self.assertTrue(text.endswith("the end"))

    def test_no_secret_of_the_cluster_is_printed_however_it_got_into_a_file(self) -> None:
        name = self.value["node"]["name"]
        secrets = [TOKEN, SECRETS["api"], "second-key", SECRETS["driver"]]
        self.file("logs/engine.log", "\n".join(f"using {secret} now" for secret in secrets))
        self.file(f"state/{name}.json", json.dumps({"reason": " ".join(secrets)}))
        found = self.collected()
        for secret in secrets:
            self.assertNotIn(secret, "".join(found.values()))
            self.assertNotIn(json.dumps(secret)[1:-1], "".join(found.values()))
            self.assertNotIn(secret, self.printed)
        self.assertEqual(found["engine/engine.log"].count("<secret>"), len(secrets))
        self.assertIn("<secret>", found["state.json"])
        self.assertEqual(found["machine/df.txt"], "-h says <secret>")


if __name__ == "__main__":
    unittest.main()
