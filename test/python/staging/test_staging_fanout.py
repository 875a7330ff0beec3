import http.client
import ipaddress
import random
import secrets
import socket
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from fixtures.fake_hub import Trouble
from fixtures.staging_support import HURRY, PATIENT, NodeProcess, StagingCase, small_model, until
from raw_channel import RawChannel

from ray_node.channel import signing
from ray_node.channel.client import Client, Unanswered
from ray_node.host import probe
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.failure import PeerRefused
from ray_node.staging.files import GIT_SHA1, checked
from ray_node.staging.folder import ModelFolder
from ray_node.staging.peers import Peers
from ray_node.staging.request import FETCH, RECEIVE, FanOut, StagingRequest
from ray_node.staging.server import FileServer
from ray_node.staging.stage import stage

TOKEN = "cluster-token"
NODES = [f"127.0.0.{index}" for index in range(1, 5)]
HEAD = "127.0.0.1"
MODEL = "hub:m@1"


def port_of_all_nodes() -> int:
    """Free on every node, and none that the system gives to outgoing connections meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        if all(probe.is_free(address, port) for address in NODES):
            return port


class FanOutCase(StagingCase):
    """Nodes with a disk each, on 127.0.0.1, 127.0.0.2, ..."""

    def setUp(self) -> None:
        super().setUp()
        self.port = port_of_all_nodes()

    def fan_out(self, address: str, token: str = TOKEN) -> FanOut:
        return FanOut(
            own_address=address,
            head_name="npu-0",
            head_address=HEAD,
            port=self.port,
            subnet=ipaddress.IPv4Network("127.0.0.0/24"),
            token=token,
        )

    def node(self, index: int, **changes: object) -> StagingRequest:
        """Only the head knows where the hub is."""
        request = self.request(
            node=f"npu-{index}",
            role=RECEIVE if index else FETCH,
            destination=str(self.disk(index)),
            fan_out=self.fan_out(NODES[index]),
            **changes,
        )
        return replace(request, source=self.source(endpoint="http://127.0.0.1:9")) if index else request

    def disk(self, index: int) -> Path:
        return self.folder / f"disk-{index}"


class FourNodes(FanOutCase):
    def setUp(self) -> None:
        super().setUp()
        self.hub.files = small_model(weight_bytes=2_000_000)
        for name in self.hub.files:
            self.hub.trouble[name] = Trouble(bytes_per_second=2_000_000)

    def node(self, index: int, **changes: object) -> StagingRequest:
        return super().node(index, **{"pace": PATIENT, **changes})

    def test_fan_out_sends_the_model_once_from_the_source_and_from_each_node(self) -> None:
        nodes = [NodeProcess(self, self.node(index)) for index in range(4)]
        for index, node in enumerate(nodes):
            node.wait_for("staged")
            self.assert_staged(self.disk(index))
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes, "1.00 x the size of the model")
        served = [node.finish()["served"] for node in nodes]
        self.assertEqual(sum(served), 3 * self.hub.total_bytes)
        # A chain: the last serves nobody, each of the others one node.
        self.assertEqual(sorted(served), [0, *[self.hub.total_bytes] * 3])

    def test_node_serves_files_while_it_still_receives_them(self) -> None:
        nodes = [NodeProcess(self, self.node(index)) for index in range(3)]
        for index in (1, 2):
            until(lambda index=index: self.received(index) > 1_000_000)  # type: ignore[misc]
        self.assertLess(self.hub.sent_bytes, self.hub.total_bytes / 2)
        self.assertFalse((self.disk(0) / ".staging" / "manifest.json").exists())
        for node in nodes:
            node.wait_for("staged")

    def test_chain_with_a_dead_node_skips_it_until_it_is_back(self) -> None:
        head, *workers = [NodeProcess(self, self.node(index)) for index in range(4)]
        until(lambda: all(self.received(index) > 500_000 for index in (1, 2, 3)))
        workers[1].kill()
        for node in (head, workers[0], workers[2]):
            node.wait_for("staged")
        for index in (0, 1, 3):
            self.assert_staged(self.disk(index))
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)
        # And it comes back, with what it had.
        kept = self.received(2)
        again = NodeProcess(self, self.node(2))
        again.wait_for("staged")
        self.assert_staged(self.disk(2))
        self.assertGreater(kept, 500_000)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)

    def test_workers_survive_a_restart_of_the_head(self) -> None:
        head, *workers = [NodeProcess(self, self.node(index)) for index in range(3)]
        until(lambda: (self.disk(1) / "model-00002-of-00005.safetensors").exists())
        head.kill()
        self.settled_bytes()
        finished = {path.name: self.hub.sent[path.name] for path in self.disk(0).glob("*.safetensors")}
        self.assertTrue(finished)
        self.hub.trouble.clear()
        again = NodeProcess(self, self.node(0))
        for node in (again, *workers):
            node.wait_for("staged")
        for index in range(3):
            self.assert_staged(self.disk(index))
        for name, sent in finished.items():
            self.assertEqual(self.hub.sent[name], sent, "a finished file came again")

    def test_worker_that_joins_late_takes_the_model_from_another_worker(self) -> None:
        self.hub.trouble.clear()
        head, worker = [NodeProcess(self, self.node(index)) for index in range(2)]
        for node in (head, worker):
            node.wait_for("staged")
        late = NodeProcess(self, self.node(2))
        late.wait_for("staged")
        self.assert_staged(self.disk(2))
        self.assertEqual(worker.finish()["served"], self.hub.total_bytes)
        self.assertEqual(self.hub.sent_bytes, self.hub.total_bytes)

    def test_worker_of_a_head_that_failed_says_why_it_waits(self) -> None:
        self.hub.gated = True
        head = NodeProcess(self, self.node(0))
        self.assertEqual(head.wait_for("failure")["failure"], "token-missing")
        worker, said = NodeProcess(self, self.node(1)), ""
        while "the head npu-0 (127.0.0.1) cannot get the model: maker/model-7b is gated" not in said:
            said = worker.wait_for("progress")["text"]

    def received(self, index: int) -> int:
        files = [path for path in self.disk(index).rglob("*safetensors*") if path.is_file()]
        return sum(path.stat().st_size for path in files)


class WrongContent(FanOutCase):
    def test_file_with_wrong_content_upstream_is_fetched_again(self) -> None:
        name = "model-00001-of-00005.safetensors"
        self.hub.trouble[name] = Trouble(corruptions=1, bytes_per_second=400_000)
        nodes = [NodeProcess(self, self.node(index)) for index in range(2)]
        for index, node in enumerate(nodes):
            node.wait_for("staged")
            self.assert_staged(self.disk(index))
        self.assertEqual(self.hub.sent[name], 2 * len(self.hub.files[name]))


class TheServer(FanOutCase):
    """Who gets what from a node."""

    def setUp(self) -> None:
        super().setUp()
        self.server = FileServer(self.fan_out(HEAD))
        self.addCleanup(self.server.close)
        self.destination.mkdir()
        (self.destination / "a").write_bytes(b"0123456789")
        (self.folder / "secret").write_bytes(b"secret")
        self.file = checked("a", 10, GIT_SHA1, "0" * 40)
        self.server.offer(MODEL, ModelFolder(str(self.destination)), (self.file,))

    def ask(
        self,
        target: str,
        byte_range: str = "",
        token: str = TOKEN,
        signer: str = "127.0.0.2",
        sent: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """A request that is signed for `target` and sent to `sent`."""
        with RawChannel((HEAD, self.port), token, "127.0.0.2") as channel:
            got = channel.send("GET", target, b"", byte_range, headers, sent, address=signer)
        return got.status, got.body

    def target(self, path: str = "a", model: str = MODEL) -> str:
        return protocol.target(protocol.FILE_PATH, model=model, path=path)

    def test_server_with_a_range_sends_that_part(self) -> None:
        self.assertEqual(self.ask(self.target(), "bytes=2-4"), (206, b"234"))
        self.assertEqual(self.ask(self.target(), "bytes=8-99"), (206, b"89"))
        until(lambda: self.server.served_bytes == 5)

    def test_server_without_the_bytes_yet_answers_204(self) -> None:
        self.assertEqual(self.ask(self.target(), "bytes=10-19"), (204, b""))

    def test_server_with_a_half_file_sends_what_is_there(self) -> None:
        (self.destination / "a").unlink()
        part = self.destination / ".staging" / "parts" / "a.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"01234")
        self.assertEqual(self.ask(self.target(), "bytes=3-9"), (206, b"34"))
        self.assertEqual(self.ask(self.target(), "bytes=5-9"), (204, b""))
        self.server.fail(MODEL, "the disk is full")
        self.assertEqual(
            self.ask(self.target(), "bytes=5-9"), (503, b"this node has given up: the disk is full")
        )

    def test_server_serves_only_the_files_of_the_model(self) -> None:
        for path in (
            "../secret",
            "/etc/passwd",
            str(self.folder / "secret"),
            "b",
            "",
            ".staging/manifest.json",
        ):
            with self.subTest(path):
                self.assertEqual(self.ask(self.target(path), "bytes=0-5")[0], 404)
        self.assertEqual(self.ask(self.target(model="another"), "bytes=0-5")[0], 404)
        self.assertEqual(self.ask("/", "bytes=0-5")[0], 404)
        self.assertEqual(self.ask(self.target())[0], 400)

    def test_server_refuses_a_wrong_or_missing_signature(self) -> None:
        self.assertEqual(self.ask(self.target(), "bytes=0-5", token="other")[0], 401)
        unsigned = {signing.SIGNATURE_HEADER: ""}
        self.assertEqual(self.ask(self.target(), "bytes=0-5", headers=unsigned)[0], 401)
        # A request signed for one file, range or sender is good for no other.
        self.assertEqual(self.ask(self.target("b"), "bytes=0-5", sent=self.target())[0], 401)
        self.assertEqual(self.ask(self.target(), "bytes=0-5", signer="127.0.0.3")[0], 401)

    def test_server_refuses_a_client_outside_the_subnet(self) -> None:
        """Before it has sent a byte."""
        with self.assertRaises(Unanswered), Client("127.0.1.2", TOKEN).line((HEAD, self.port)) as line:
            line.send("GET", self.target(), 5)
        with socket.create_connection((HEAD, self.port), 5, source_address=("127.0.1.2", 0)) as silent:
            self.assertEqual(silent.recv(1), b"")

    def test_server_has_no_readiness_page(self) -> None:
        self.assertEqual(self.ask("/ready")[0], 404)

    def test_server_accepts_no_writes(self) -> None:
        for method, status in (("PUT", 501), ("POST", 404), ("DELETE", 501)):
            connection = http.client.HTTPConnection(
                HEAD, self.port, timeout=5, source_address=("127.0.0.2", 0)
            )
            connection.request(method, self.target(), b"x")
            self.assertEqual(connection.getresponse().status, status)
            connection.close()

    def test_listing_chains_the_nodes_in_the_order_they_ask(self) -> None:
        for _ in range(2):
            self.assertEqual(self.server.listing(MODEL, "127.0.0.3").upstreams, (HEAD,))
            self.assertEqual(self.server.listing(MODEL, "127.0.0.2").upstreams, ("127.0.0.3", HEAD))
            self.assertEqual(
                self.server.listing(MODEL, "127.0.0.4").upstreams, ("127.0.0.2", "127.0.0.3", HEAD)
            )

    def test_models_are_listed_and_served_each_for_itself(self) -> None:
        """A node may still take the first model when the head fetches the second."""
        other = self.folder / "draft"
        other.mkdir()
        (other / "a").write_bytes(b"draft")
        draft = checked("a", 5, GIT_SHA1, "1" * 40)
        self.server.offer("hub:d@1", ModelFolder(str(other)), (draft,))
        self.server.fail("hub:e@1", "not found")
        self.assertEqual(self.ask(self.target(), "bytes=0-4"), (206, b"01234"))
        self.assertEqual(self.ask(self.target(model="hub:d@1"), "bytes=0-4"), (206, b"draft"))
        found = {
            model: self.server.listing(model, "127.0.0.3") for model in (MODEL, "hub:d@1", "hub:e@1", "?")
        }
        sizes = {model: [file["size"] for file in listing.files or ()] for model, listing in found.items()}
        self.assertEqual(sizes, {MODEL: [self.file.size], "hub:d@1": [5], "hub:e@1": [], "?": []})
        self.assertEqual([listing.failure for listing in found.values()], [None, None, "not found", None])

    def test_node_with_another_token_fails_at_once(self) -> None:
        peers = Peers(self.fan_out("127.0.0.2", "other"), MODEL, HURRY)
        with self.assertRaisesRegex(
            PeerRefused, r"the head npu-0 \(127.0.0.1\) refuses this node: wrong token"
        ):
            peers.files()
        with self.assertRaises(PeerRefused):
            stage(replace(self.node(1), fan_out=self.fan_out("127.0.0.2", "other")), self.progress.append)

    def test_list_without_the_cluster_signature_is_refused(self) -> None:
        with (
            mock.patch("ray_node.channel.signing.sign_answer", side_effect=lambda *_: secrets.token_hex(32)),
            self.assertRaisesRegex(PeerRefused, "is not signed with the cluster's token"),
        ):
            Peers(self.fan_out("127.0.0.2"), MODEL, HURRY).files()


if __name__ == "__main__":
    unittest.main()
