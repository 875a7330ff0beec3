import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

from ray_node.staging.failure import SourceRefused, SourceUnreachable, Transient
from ray_node.staging.http import HttpClient, HttpRefusal, origin_of


class HttpCase(unittest.TestCase):
    """A server that answers as a test says; what it was asked is in `seen`."""

    def setUp(self) -> None:
        self.seen: list[tuple[str, str | None]] = []

    def serve(self, answer: Callable[[str], tuple[int, dict[str, str], bytes]], certificate: str = "") -> str:
        case = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                case.seen.append((self.path, self.headers.get("Authorization")))
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that does not trust the certificate goes away."""

        server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"


class Redirects(HttpCase):
    def test_the_token_goes_to_its_own_origin_only(self) -> None:
        other = self.serve(lambda path: (200, {}, b"done"))
        url = self.serve(lambda path: (302, {"Location": f"{other}/b" if path == "/a" else "/a"}, b""))
        client = HttpClient(5, "secret", url)
        self.assertEqual(client.get(f"{url}/", 100)[0], b"done")
        self.assertEqual(self.seen, [("/", "Bearer secret"), ("/a", "Bearer secret"), ("/b", None)])

    def test_a_user_name_in_an_address_does_not_make_it_the_origin(self) -> None:
        self.assertEqual(origin_of("https://hub.example@evil.example/x"), "https://evil.example")
        self.assertEqual(origin_of("HTTPS://Hub.Example:8443/x"), "https://hub.example:8443")
        self.assertNotEqual(origin_of("http://hub.example"), origin_of("https://hub.example"))

    def test_a_loop_ends(self) -> None:
        url = self.serve(lambda path: (302, {"Location": "/"}, b""))
        with self.assertRaisesRegex(SourceRefused, "more than 5 times"):
            HttpClient(5).get(url, 100)

    def test_only_http_is_followed(self) -> None:
        url = self.serve(lambda path: (302, {"Location": "file:///etc/passwd"}, b""))
        with self.assertRaisesRegex(SourceRefused, "only http and https are read, got 'file:'"):
            HttpClient(5).get(url, 100)

    def test_a_refusal_says_who_and_why_but_not_the_signature(self) -> None:
        headers = {"X-Error-Code": "GatedRepo", "X-Error-Message": "ask\tfirst"}
        url = self.serve(lambda path: (403, headers, b""))
        with self.assertRaises(HttpRefusal) as caught:
            HttpClient(5).get(f"{url}/x?Signature=abc", 100)
        self.assertEqual((caught.exception.code, caught.exception.message), ("GatedRepo", "ask first"))
        self.assertEqual(str(caught.exception), f"HTTP 403 of {url}: ask first")


class Answers(HttpCase):
    def test_a_list_of_unlimited_size_is_refused(self) -> None:
        url = self.serve(lambda path: (200, {}, b"x" * 101))
        with self.assertRaisesRegex(SourceRefused, "more than 100 bytes"):
            HttpClient(5).get(url, 100)

    def test_other_bytes_than_asked_for_are_refused(self) -> None:
        wrong = {"Content-Range": "bytes 0-4/10"}
        for status, headers in ((206, wrong), (206, {}), (206, {"Content-Range": "bytes 5-9/11"})):
            with self.subTest(headers):
                url = self.serve(lambda path, s=status, h=headers: (s, h, b"12345"))  # type: ignore[misc]
                with self.assertRaises(SourceRefused):
                    HttpClient(5).open(url, 5, 5, 10)

    def test_a_pause_is_taken_from_either_header(self) -> None:
        for headers, seconds in (
            ({"Retry-After": "7"}, 7.0),
            ({"RateLimit": '"api";r=0;t=55'}, 56.0),
            ({"RateLimit": '"api";r=3;t=55'}, None),
            ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ):
            with self.subTest(headers):
                url = self.serve(lambda path, h=headers: (429, h, b""))  # type: ignore[misc]
                with self.assertRaises(Transient) as caught:
                    HttpClient(5).get(url, 100)
                self.assertEqual(caught.exception.retry_after_seconds, seconds)


class Certificates(HttpCase):
    def setUp(self) -> None:
        super().setUp()
        openssl = shutil.which("openssl")
        assert openssl is not None, "openssl makes the certificate of this test"
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key, self.certificate = Path(folder.name) / "server.pem", Path(folder.name) / "authority.pem"
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
        name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([openssl, "req", "-x509", *kind, *name, *files], check=True, capture_output=True)
        self.key.write_text(self.key.read_text() + self.certificate.read_text())

    def test_one_that_is_not_trusted_is_a_failure_of_its_own(self) -> None:
        url = self.serve(lambda path: (200, {}, b""), str(self.key))
        with self.assertRaisesRegex(SourceUnreachable, f"certificate of {url} is not trusted: self"):
            HttpClient(5).get(url, 100)

    def test_one_that_the_environment_trusts_is_taken(self) -> None:
        url = self.serve(lambda path: (200, {}, b"well"), str(self.key))
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.certificate)}):
            self.assertEqual(HttpClient(5).get(url, 100)[0], b"well")

    def test_nobody_is_led_from_https_to_http(self) -> None:
        plain = self.serve(lambda path: (200, {}, b"read by all"))
        url = self.serve(lambda path: (302, {"Location": f"{plain}/?Signature=abc"}, b""), str(self.key))
        with (
            mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.certificate)}),
            self.assertRaisesRegex(SourceRefused, f"redirects from https to {plain}$"),
        ):
            HttpClient(5).get(url, 100)


if __name__ == "__main__":
    unittest.main()
