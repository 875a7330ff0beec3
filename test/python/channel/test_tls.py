"""The channel over TLS: what a node gets, and what whoever is none costs."""

import ipaddress
import os
import shutil
import socket
import ssl
import struct
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import certified
import support
from raw_channel import raw

from ray_node.channel import server as channel_server
from ray_node.channel.client import Client, OtherAuthority, Unanswered
from ray_node.channel.file_part import FilePart
from ray_node.channel.routes import Reply, Request, Route, Routes
from ray_node.channel.server import Server
from ray_node.channel.tls import Tls
from ray_node.host import refusals

TOKEN, OTHER_TOKEN = "ab" * 32, "cd" * 32
NODE, STRANGER = "127.0.0.2", "127.0.0.9"


@unittest.skipUnless(shutil.which("openssl"), "no program 'openssl'")
class TlsTest(unittest.TestCase):
    folder: Path
    head: Tls
    node: Tls
    stranger: Tls

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.head = certified.made(cls.folder, support.HEAD, TOKEN)
        cls.node = certified.made(cls.folder, NODE, TOKEN)
        cls.stranger = certified.made(cls.folder, STRANGER, OTHER_TOKEN)

    def setUp(self) -> None:
        refusals.forget()
        self.addCleanup(refusals.forget)
        patch = mock.patch("ray_node.host.log.line")
        patch.start()
        self.addCleanup(patch.stop)
        self.wrong: list[str] = []

    def serve(self, tls: ssl.SSLContext | None, **routes: Route) -> None:
        def echo(request: Request) -> Reply:
            return Reply(200, request.body)

        port = support.free_ports(1)[0]
        signed: dict[str, Route] = {"POST /quick": echo, "POST /slow": echo}
        signed.update({f"POST /{name}": route for name, route in routes.items()})
        network = ipaddress.IPv4Network("127.0.0.0/16")
        quick = frozenset({"POST /quick"})
        made = Routes(signed, network, TOKEN, tls, quick=quick, on_wrong_token=self.wrong.append)
        self.at = (support.HEAD, port)
        self.server = Server(*self.at, made)
        self.addCleanup(self.server.close)

    def ask(self, tls: ssl.SSLContext | None, body: bytes = b"x", own: str = NODE) -> bytes:
        with Client(own, TOKEN, tls).line(self.at) as line:
            return line.send("POST", "/quick", 5, body).read(1 << 20)

    def counted(self) -> dict[str, int]:
        """Once nothing is under way any more."""
        time.sleep(0.1)
        return dict(refusals.counts().get(f"port {self.at[1]}", {}))

    def test_node_is_answered_whatever_the_size(self) -> None:
        """A record of TLS holds more than the server reads at once."""
        self.serve(self.head.server)
        with Client(NODE, TOKEN, self.node.client).line(self.at) as line:
            for size in (1, 11_000, 12_500, 14_000, 16_200, 20_000, 200_000):
                for path in ("/quick", "/slow"):
                    with self.subTest(size=size, path=path):
                        body = os.urandom(size)
                        self.assertEqual(line.send("POST", path, 3, body).read(1 << 20), body)
        self.assertEqual(self.counted(), {})

    def test_file_is_sent_whole_and_the_connection_stays(self) -> None:
        content = os.urandom(3 << 20)
        file = self.folder / "file"
        file.write_bytes(content)

        def part(_: Request) -> Reply:
            return Reply(206, part=FilePart(file.open("rb"), 5, len(content), lambda _: None))

        self.serve(self.head.server, part=part)
        with Client(NODE, TOKEN, self.node.client).line(self.at) as line:
            for _ in range(2):
                answer = line.send("POST", "/part", 20, b"x")
                self.assertEqual(answer.response.read(), content[5:])
                answer.close()

    def test_client_without_a_certificate_is_refused(self) -> None:
        self.serve(self.head.server)
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.load_verify_locations(certified.files_in(self.folder / NODE).authority)
        with self.assertRaises(Unanswered):
            self.ask(bare)
        self.assertEqual((self.counted(), self.wrong), ({"no-certificate": 1}, []))
        self.assertEqual(self.ask(self.node.client), b"x")

    def test_client_with_another_token_is_refused_and_named(self) -> None:
        """Each side refuses the other's certificate; the client is the first to see one."""
        self.serve(self.head.server)
        with self.assertRaises(OtherAuthority):
            self.ask(self.stranger.client, own=STRANGER)
        self.assertEqual((self.counted(), self.wrong), ({"other-authority": 1}, [STRANGER]))
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        own = certified.files_in(self.folder / STRANGER)
        trusting.load_cert_chain(own.certificate, own.key)
        with self.assertRaises(Unanswered):
            self.ask(trusting, own=STRANGER)
        self.assertEqual((self.counted(), self.wrong), ({"other-authority": 2}, [STRANGER] * 2))
        self.assertEqual(self.ask(self.node.client), b"x")

    def test_client_in_clear_is_hung_up_on_at_once(self) -> None:
        self.serve(self.head.server)
        before = time.monotonic()
        with self.assertRaises(Unanswered):
            self.ask(None)
        found = raw(self.at, b"GET /v3/challenge HTTP/1.1\r\n\r\n", STRANGER)
        self.assertNotIn(b"HTTP/1.1 200", found)
        self.assertLess(time.monotonic() - before, 2)
        self.assertEqual(self.counted(), {"no-tls": 2})
        self.assertEqual(self.ask(self.node.client), b"x")

    def test_client_that_only_looks_whether_the_port_is_open_is_not_counted(self) -> None:
        self.serve(self.head.server)
        socket.create_connection(self.at, 5, source_address=(NODE, 0)).close()
        self.assertEqual(self.counted(), {})

    def test_client_that_resets_at_once_is_no_error_of_ours(self) -> None:
        self.serve(self.head.server)
        for _ in range(200):
            link = socket.create_connection(self.at, 5, source_address=(NODE, 0))
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.close()
        self.assertEqual(self.ask(self.node.client), b"x")
        self.assertNotIn("internal", self.counted())

    def test_server_in_clear_gets_nothing_of_the_client(self) -> None:
        with socket.create_server((support.HEAD, 0)) as listener:
            self.at = listener.getsockname()
            listener.settimeout(5)
            with self.assertRaises(Unanswered), Client(NODE, TOKEN, self.node.client).line(self.at) as line:
                line.send("POST", "/quick", 0.5, b"a secret report")
            link, _ = listener.accept()
            with link:
                link.settimeout(5)
                got = link.recv(1 << 16)
        self.assertEqual(got[:1], b"\x16")
        self.assertNotIn(b"secret", got)

    def test_server_with_the_certificate_of_another_node_is_refused(self) -> None:
        """Not at 127.0.0.1, which is in every certificate."""
        self.at = (NODE, support.free_ports(1)[0])
        network = ipaddress.IPv4Network("127.0.0.0/16")
        server = Server(*self.at, Routes({}, network, TOKEN, self.head.server))
        self.addCleanup(server.close)
        with self.assertRaisesRegex(Unanswered, "(?i)mismatch"):
            self.ask(self.node.client)

    def test_handshake_that_drips_is_ended_in_time(self) -> None:
        with mock.patch.object(channel_server, "REQUEST_SECONDS", 0.5):
            self.serve(self.head.server)
            hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(400)
            with socket.create_connection(self.at, 5, source_address=(STRANGER, 0)) as link:
                began, sent = time.monotonic(), 0
                try:
                    while sent < len(hello):
                        link.sendall(hello[sent : sent + 1])
                        sent += 1
                        self.assertLess(time.monotonic() - began, 5)
                        time.sleep(0.05)
                except OSError:
                    self.assertLess(sent, 60)
            self.assertEqual(self.counted(), {"too-slow": 1})
        self.assertEqual(self.ask(self.node.client), b"x")

    def test_silent_connections_are_few_for_each_address_and_a_node_is_answered(self) -> None:
        self.serve(self.head.server)
        links = [socket.create_connection(self.at, 5, source_address=(STRANGER, 0)) for _ in range(40)]
        for link in links:
            self.addCleanup(link.close)
        self.assertEqual(self.ask(self.node.client), b"x")
        self.assertEqual(self.counted(), {"too-many-connections": 24})

    def test_whatever_comes_the_server_goes_on(self) -> None:
        self.serve(self.head.server)
        for content in (
            os.urandom(100_000),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(505),
            b"\x15\x03\x01\x00\x02\x02\x28",
            b"\x17\x03\x03\x40\x00" + os.urandom(0x4000),
            b"\x16\x03\x01\xff\xff",
        ):
            with self.subTest(content[:6]):
                raw(self.at, content, STRANGER, 1)
                self.assertEqual(self.ask(self.node.client), b"x")
        self.assertNotIn("internal", self.counted())


if __name__ == "__main__":
    unittest.main()
