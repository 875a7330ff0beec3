import os
import socket
import tempfile
import unittest
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import simulated_clock
import support
from fixtures.staging_support import REPOSITORY, REVISION, small_model
from simulated_source import SimulatedSource

from ray_node.agent.node_staging import NodeStaging
from ray_node.config.staging_config import Placement, StagedModel, StagingConfig
from ray_node.config.workload import nothing
from ray_node.staging.failure import TokenMissing
from ray_node.staging.request import FETCH, HubSource, PathSource, Source, StagingRequest

DRAFT = StagedModel("draft-model", PathSource(), "/models/draft", "shared")
REFUSAL = TokenMissing("it is gated and no token is given", fix="ask for access")


class OneNode(unittest.TestCase):
    """The head's own part."""

    def setUp(self) -> None:
        simulated_clock.install(self)
        self.hub = SimulatedSource(self, small_model())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.destination = self.folder / "model"

    def until(self, met: Callable[[], bool]) -> None:
        support.await_that(met, lambda: list(self.destination.rglob("*")))

    def node(self, placement: Placement = "shared", source: Source | None = None) -> NodeStaging:
        self.port = support.free_ports(1)[0]
        config = support.parsed_loopback(self.folder, ports__nodeFiles=self.port)
        source = source or HubSource(REPOSITORY, REVISION, "https://hub.example")
        self.settings = StagingConfig(
            (StagedModel("model", source, str(self.destination), placement),), 4, 30.0
        )
        made = NodeStaging(config, ("npu-0", support.HEAD), "cluster-token")
        self.addCleanup(made.close)
        return made

    def request(self, node: NodeStaging) -> StagingRequest:
        return node._request(self.settings, self.settings.models[0])

    def test_node_that_is_not_asked_reports_nothing(self) -> None:
        node = self.node()
        self.assertFalse(node.look())
        self.assertEqual((node.staged, node.published(), node.is_under_way), (None, None, False))
        self.assertEqual(self.hub.sent_bytes, 0)

    def test_look_publishes_progress_and_reports_the_end_once(self) -> None:
        self.hub.bytes_per_second = 100_000
        node = self.node()
        node.begin(3, self.settings)
        self.until(lambda: not node.look() and "fetches" in node.text)
        self.assertTrue(node.is_under_way)
        published = node.published() or {}
        self.assertEqual((published["attempt"], published["done"], published["code"]), (3, False, None))
        self.assertEqual(published["progress"]["bytes_total"], self.hub.total_bytes)
        self.until(node.look)
        self.assertFalse(node.look())
        assert node.staged is not None
        self.assertEqual((node.staged.attempt, node.staged.done, node.staged.code), (3, True, None))
        self.assertRegex(node.text, r"^done .* \(100 %\), 9 of 9 files")
        for path, data in self.hub.contents.items():
            self.assertEqual((self.destination / path).read_bytes(), data)

    def test_each_of_several_models_is_named(self) -> None:
        node = self.node()
        draft = replace(self.settings.models[0], name="draft-model", destination=str(self.folder / "draft"))
        node.begin(1, replace(self.settings, models=(*self.settings.models, draft)))
        self.until(node.look)
        assert node.staged is not None
        self.assertTrue(node.staged.done)
        self.assertRegex(node.text, r"^model: done .* 9 files; draft-model: done .* 9 files$")
        published = node.published() or {}
        self.assertEqual((published["name"], published["destination"]), ("draft-model", draft.destination))
        self.assertEqual(
            (self.folder / "draft" / "config.json").read_bytes(), self.hub.contents["config.json"]
        )

    def test_failure_names_the_model_of_several(self) -> None:
        node = self.node()
        node.begin(1, replace(self.settings, models=(*self.settings.models, DRAFT)))
        self.until(node.look)
        assert node.staged is not None
        self.assertEqual((node.staged.done, node.staged.code), (False, "model-missing"))
        self.assertRegex(node.text, "^draft-model: no model at /models/draft on npu-0")

    def test_failure_has_its_code_and_its_remedy(self) -> None:
        self.hub.failure = REFUSAL
        node = self.node()
        node.begin(1, self.settings)
        self.until(node.look)
        assert node.staged is not None
        self.assertEqual((node.staged.done, node.staged.code), (False, "token-missing"))
        self.assertEqual(node.text, "it is gated and no token is given; ask for access")
        self.assertFalse(node.is_under_way)

    def test_begin_ignores_the_same_attempt_and_starts_another(self) -> None:
        self.hub.failure = REFUSAL
        node = self.node()
        node.begin(1, self.settings)
        self.until(node.look)
        node.begin(1, self.settings)
        self.assertFalse(node.is_under_way)
        self.hub.failure = None
        node.begin(2, self.settings)
        self.until(node.look)
        self.assertTrue(node.staged is not None and node.staged.done and node.staged.attempt == 2)

    def test_begin_after_stop_fetches_only_what_is_missing(self) -> None:
        self.hub.bytes_per_second = 100_000
        node = self.node()
        node.begin(1, self.settings)
        self.until(lambda: (self.destination / "model-00002-of-00005.safetensors").exists())
        node.stop()
        self.assertIsNone(node.staged)
        self.assertLess(self.hub.sent_bytes, self.hub.total_bytes)
        node.begin(2, self.settings)
        self.until(node.look)
        self.assertTrue(node.staged is not None and node.staged.done)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)

    def test_file_server_listens_only_where_nodes_have_disks_of_their_own(self) -> None:
        cases: list[tuple[Placement, bool]] = [("shared", False), ("replicated", True)]
        for placement, wanted in cases:
            node = self.node(placement)
            node.begin(1, self.settings)
            self.until(node.look)
            with socket.socket() as client:
                self.assertEqual(client.connect_ex((support.HEAD, self.port)) == 0, wanted)
            node.close()
            with socket.socket() as client:
                self.assertNotEqual(client.connect_ex((support.HEAD, self.port)), 0)

    def test_request_holds_the_role_and_the_peers_of_the_node(self) -> None:
        head = self.request(self.node("replicated"))
        assert head.fan_out is not None
        self.assertEqual((head.role, head.destination), (FETCH, str(self.destination)))
        self.assertEqual((head.fan_out.port, head.fan_out.head_address), (self.port, support.HEAD))
        self.assertNotIn("cluster-token", repr(head))
        self.assertIsNone(self.request(self.node("shared")).fan_out)

    def test_port_in_use_fails_the_attempt(self) -> None:
        node = self.node("replicated")
        with socket.create_server((support.HEAD, self.port)):
            node.begin(1, self.settings)
            assert node.staged is not None
            self.assertEqual(node.staged.code, "port-taken")
            self.assertRegex(node.text, f"cannot open port {self.port} .*: Address already in use")
        node.begin(2, self.settings)
        self.until(node.look)
        self.assertTrue(node.staged is not None and node.staged.done)

    def test_model_in_place_is_only_looked_for(self) -> None:
        node = self.node(source=PathSource())
        self.assertEqual(self.settings.title, f"looking for the model in {self.destination}")
        node.begin(1, self.settings)
        self.until(node.look)
        self.assertEqual(node.staged.code if node.staged else None, "model-missing")
        self.destination.mkdir()
        (self.destination / "config.json").write_text("{}")
        node.begin(2, self.settings)
        self.until(node.look)
        self.assertEqual(node.text, "complete")


class Made(unittest.TestCase):
    def test_tokenizer_is_needed_where_the_engine_takes_it_from_the_folder(self) -> None:
        for engine, argv, needs in (
            ("vllm", ["vllm", "serve", "/models/m"], True),
            ("lmdeploy", ["lmdeploy", "serve", "api_server", "/models/m"], True),
            ("vllm", ["vllm", "serve", "/models/m", "--tokenizer", "/models/t"], False),
            ("vllm", ["vllm", "serve", "/models/m", "--tokenizer-mode=mistral"], False),
            ("vllm", ["vllm", "serve", "/models/m", "--skip-tokenizer-init"], False),
            ("custom", ["serve"], False),
        ):
            with self.subTest(engine=engine, argv=argv):
                staging = StagingConfig(
                    (StagedModel("model", PathSource(), "/models/m", "shared"), DRAFT), 4, 30.0
                )
                workload = replace(nothing("c"), staging=staging)
                workload = replace(workload, engine=replace(workload.engine, name=engine, argv=tuple(argv)))
                for is_head in (True, False):
                    found = workload.staging_on(is_head)
                    assert found is not None
                    self.assertEqual([model.needs_tokenizer for model in found.models], [needs, False])

    def test_declared_proxy_applies_to_the_node_program(self) -> None:
        value = {"HTTPS_PROXY": "http://proxy.example:3128", "NCCL_DEBUG": "INFO"}
        with mock.patch.dict("os.environ", {"PATH": "/bin"}, clear=True):
            config = support.parsed({"environment.cluster": value})
            node = NodeStaging(config, ("npu-0", "10.89.28.10"), "ab" * 32)
            self.assertNotIn("HTTPS_PROXY", os.environ, "before there is a model to bring")
            node.begin(
                1, StagingConfig((StagedModel("model", PathSource(), "/no/model", "shared"),), 4, 30.0)
            )
            self.addCleanup(node.close)
            self.assertEqual(os.environ.get("HTTPS_PROXY"), "http://proxy.example:3128")
            self.assertEqual(urllib.request.getproxies()["https"], "http://proxy.example:3128")
            self.assertNotIn("NCCL_DEBUG", os.environ)


if __name__ == "__main__":
    unittest.main()
