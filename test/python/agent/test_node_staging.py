import os
import socket
import unittest
import urllib.request
from dataclasses import replace
from unittest import mock

import support
from fixtures.fake_hub import Trouble
from fixtures.staging_support import HURRY, StagingCase, until

from ray_node.agent import node_staging
from ray_node.agent.node_staging import NodeStaging, Throttle
from ray_node.config.staging_config import Placement, StagingConfig
from ray_node.staging.request import FETCH, PathSource, Source

FIRST = "model-00001-of-00005.safetensors"
STAGING = {
    "source": {"kind": "path"},
    "destination": "/models/m",
    "placement": "shared",
    "parallelFiles": 4,
    "deadlineSeconds": 600,
}
HUB = {
    "kind": "huggingFace",
    "repository": "maker/model",
    "revision": "0123456789abcdef0123456789abcdef01234567",
    "endpoint": "https://hub.example",
    "tokenFile": None,
    "include": ["*"],
    "exclude": [],
}


class OneNode(StagingCase):
    """The head's own part, against the hub."""

    def node(self, placement: Placement = "shared", source: Source | None = None) -> NodeStaging:
        self.port = support.free_ports(1)[0]
        config = support.parsed_loopback(self.folder, ports__nodeFiles=self.port)
        settings = StagingConfig(source or self.source(), str(self.destination), placement, 4, 30.0)
        made = node_staging.of(replace(config, staging=settings), "npu-0", support.HEAD, "cluster-token")
        assert made is not None
        made._request = replace(made._request, pace=HURRY)
        self.addCleanup(made.close)
        return made

    def test_nothing_is_asked_so_nothing_is_said(self) -> None:
        node = self.node()
        self.assertFalse(node.look())
        self.assertEqual((node.staged, node.published(), node.is_under_way), (None, None, False))
        self.assertEqual(self.hub.sent_bytes, 0)

    def test_progress_and_then_the_end_once(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=100_000)
        node = self.node()
        node.begin(3)
        until(lambda: not node.look() and "fetches" in node.text)
        self.assertTrue(node.is_under_way)
        published = node.published() or {}
        self.assertEqual((published["attempt"], published["done"], published["code"]), (3, False, None))
        self.assertEqual(published["progress"]["bytes_total"], self.hub.total_bytes)
        self.hub.trouble.clear()
        until(node.look)
        self.assertFalse(node.look())
        assert node.staged is not None
        self.assertEqual((node.staged.attempt, node.staged.done, node.staged.code), (3, True, None))
        self.assertRegex(node.text, r"^done .* \(100 %\), 9 of 9 files")
        self.assert_staged(self.destination)

    def test_a_failure_has_its_code_and_its_remedy(self) -> None:
        self.hub.gated = True
        node = self.node()
        node.begin(1)
        until(node.look)
        assert node.staged is not None
        self.assertEqual((node.staged.done, node.staged.code), (False, "token-missing"))
        self.assertRegex(node.text, "is gated and no token is given; ask for access at")
        self.assertFalse(node.is_under_way)

    def test_the_same_attempt_is_left_alone_and_another_begins_anew(self) -> None:
        self.hub.gated = True
        node = self.node()
        node.begin(1)
        until(node.look)
        node.begin(1)
        self.assertFalse(node.is_under_way)
        self.hub.gated = False
        node.begin(2)
        until(node.look)
        self.assertTrue(node.staged is not None and node.staged.done and node.staged.attempt == 2)

    def test_what_is_stopped_goes_on_where_it_was(self) -> None:
        self.hub.trouble[FIRST] = Trouble(bytes_per_second=50_000)
        node = self.node()
        node.begin(1)
        until(lambda: (self.destination / "model-00005-of-00005.safetensors").exists())
        node.stop()
        self.assertIsNone(node.staged)
        self.settled_bytes()
        finished = {path.name: self.hub.sent[path.name] for path in self.destination.glob("*.safetensors")}
        self.hub.trouble.clear()
        node.begin(2)
        until(node.look)
        self.assertTrue(finished)
        for name, sent in finished.items():
            self.assertEqual(self.hub.sent[name], sent, "a finished file came again")

    def test_the_port_of_the_files_is_open_only_where_nodes_have_disks_of_their_own(self) -> None:
        cases: list[tuple[Placement, bool]] = [("shared", False), ("replicated", True)]
        for placement, wanted in cases:
            node = self.node(placement)
            node.begin(1)
            until(node.look)
            with socket.socket() as client:
                self.assertEqual(client.connect_ex((support.HEAD, self.port)) == 0, wanted)
            node.close()
            with socket.socket() as client:
                self.assertNotEqual(client.connect_ex((support.HEAD, self.port)), 0)

    def test_request_holds_the_role_and_the_peers_of_the_node(self) -> None:
        head = self.node("replicated")._request
        assert head.fan_out is not None
        self.assertEqual((head.role, head.destination), (FETCH, str(self.destination)))
        self.assertEqual((head.fan_out.port, head.fan_out.head_address), (self.port, support.HEAD))
        self.assertNotIn("cluster-token", repr(head))
        self.assertIsNone(self.node("shared")._request.fan_out)

    def test_a_port_that_is_taken(self) -> None:
        node = self.node("replicated")
        with socket.create_server((support.HEAD, self.port)):
            node.begin(1)
            assert node.staged is not None
            self.assertEqual(node.staged.code, "port-taken")
            self.assertRegex(node.text, f"cannot open port {self.port} .*: Address already in use")
        node.begin(2)
        until(node.look)
        self.assertTrue(node.staged is not None and node.staged.done)

    def test_a_model_that_lies_there_already(self) -> None:
        node = self.node(source=PathSource())
        self.assertEqual(node.title, f"looking for the model in {self.destination}")
        node.begin(1)
        until(node.look)
        self.assertEqual(node.staged.code if node.staged else None, "model-missing")
        self.destination.mkdir()
        (self.destination / "config.json").write_text("{}")
        node.begin(2)
        until(node.look)
        self.assertEqual(node.text, "complete")


class Made(unittest.TestCase):
    def test_from_the_configuration(self) -> None:
        self.assertIsNone(node_staging.of(support.parsed(), "npu-0", support.HEAD, None))
        made = node_staging.of(support.parsed({"staging": STAGING}), "npu-0", "10.89.28.10", None)
        assert made is not None
        self.assertEqual(made.title, "looking for the model in /models/m")

    def test_the_proxy_of_the_declaration_is_that_of_the_node_program(self) -> None:
        value = {"HTTPS_PROXY": "http://proxy.example:3128", "NCCL_DEBUG": "INFO"}
        staging = {**STAGING, "source": HUB}
        with mock.patch.dict("os.environ", {"PATH": "/bin"}, clear=True):
            changes = {"staging": staging, "environment.cluster": value}
            node_staging.of(support.parsed(changes), "npu-0", "10.89.28.10", None)
            self.assertEqual(os.environ.get("HTTPS_PROXY"), "http://proxy.example:3128")
            self.assertEqual(urllib.request.getproxies()["https"], "http://proxy.example:3128")
            self.assertNotIn("NCCL_DEBUG", os.environ)

    def test_words_change_seldom(self) -> None:
        words, count = Throttle(), iter("abcdef")
        # After two seconds at first, after a minute in the end.
        seconds = [0.0, 1.9, 2.1, 4.0, 4.2, 1000.0, 1059.0, 1061.0]
        with mock.patch("time.monotonic", side_effect=seconds):
            said = [words.text(lambda: next(count)) for _ in seconds]
        self.assertEqual(said, ["a", "a", "b", "b", "c", "d", "d", "e"])
        words.forget()
        self.assertEqual(words.text(lambda: next(count)), "f")


if __name__ == "__main__":
    unittest.main()
