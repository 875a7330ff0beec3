"""Files of a model from node to node over TLS."""

import ipaddress
import os
import shutil
import unittest

import certified
import support
from fixtures.staging_support import HURRY, StagingCase

from ray_node.channel.tls import Tls
from ray_node.staging.failure import PeerRefused, Transient
from ray_node.staging.files import GIT_SHA1, checked
from ray_node.staging.folder import ModelFolder
from ray_node.staging.peers import Peers
from ray_node.staging.request import FanOut
from ray_node.staging.server import FileServer

NODE = "127.0.0.2"
TOKEN, OTHER_TOKEN = "ab" * 32, "cd" * 32
MODEL = "hub:m@1"


@unittest.skipUnless(shutil.which("openssl"), "no program 'openssl'")
class FilesOverTlsTest(StagingCase):
    def setUp(self) -> None:
        super().setUp()
        self.port = support.free_ports(1)[0]
        self.content = os.urandom(3 << 20)
        self.destination.mkdir()
        (self.destination / "a").write_bytes(self.content)
        file = checked("a", len(self.content), GIT_SHA1, "0" * 40)
        server = FileServer(
            self.fan_out(support.HEAD, TOKEN, certified.made(self.folder, support.HEAD, TOKEN))
        )
        self.addCleanup(server.close)
        server.offer(MODEL, ModelFolder(str(self.destination)), (file,))

    def fan_out(self, own: str, token: str, tls: Tls | None) -> FanOut:
        network = ipaddress.IPv4Network("127.0.0.0/24")
        return FanOut(own, "npu-0", support.HEAD, self.port, network, token, tls)

    def peers(self, token: str, tls: Tls | None) -> Peers:
        return Peers(self.fan_out(NODE, token, tls), MODEL, HURRY)

    def test_node_gets_the_whole_file(self) -> None:
        peers = self.peers(TOKEN, certified.made(self.folder, NODE, TOKEN))
        (found,) = peers.files()
        part = self.folder / "a.part"
        peers.fetch(found, str(part))
        self.assertEqual(part.read_bytes(), self.content)

    def test_node_in_clear_gets_nothing(self) -> None:
        with self.assertRaises(Transient):
            self.peers(TOKEN, None).files()

    def test_node_with_another_token_fails_at_once(self) -> None:
        other = certified.made(self.folder, NODE, OTHER_TOKEN)
        with self.assertRaisesRegex(PeerRefused, "certificate of another token"):
            self.peers(OTHER_TOKEN, other).files()


if __name__ == "__main__":
    unittest.main()
