"""The real HAProxy in front of a server without keys and TLS."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import support

LAUNCHER = support.ROOT / "lib" / "engines" / "run_haproxy.py"
KEYS = "first-key\n\nsecond-key\n"
CHAT, HEALTH, CLOSED = "/v1/chat/completions", "/nodes/status", "/nodes/add"


class Server(BaseHTTPRequestHandler):
    """Answers everything, a chat with two parts of which the second is held back."""

    protocol_version = "HTTP/1.1"
    second = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\none\r\n")
        self.second.wait(20)
        self.wfile.write(b"3\r\ntwo\r\n0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


def _is_closed(link: socket.socket) -> bool:
    link.setblocking(False)
    try:
        return link.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


class RunHaproxyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.keys = self.file("keys", KEYS)
        self.port, self.behind = support.free_ports(2)
        Server.second.set()

    def file(self, name: str, content: str) -> str:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    def serve(self) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", self.behind), Server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def command(self, *more: str) -> list[str]:
        where = ["--listen", f"127.0.0.1:{self.port}", "--server", f"127.0.0.1:{self.behind}"]
        return [sys.executable, str(LAUNCHER), *where, "--health-path", HEALTH, *more]

    def launch(self, *more: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*more), stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 20
        while True:
            self.assertIsNone(process.poll(), "HAProxy has ended")
            try:
                self.connection().connect()
                return process
            except OSError:
                self.assertLess(time.monotonic(), deadline, "HAProxy takes no connections")
                time.sleep(0.05)

    def connection(self, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
        if context is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        self.addCleanup(connection.close)
        return connection

    def status(self, method: str, path: str, key: str | None = None, scheme: str = "Bearer") -> int:
        headers = {} if key is None else {"Authorization": f"{scheme} {key}"}
        connection = self.connection()
        connection.request(method, path, b"{}" if method == "POST" else None, headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def test_keys_are_asked_for_everywhere_but_at_the_health_path(self) -> None:
        self.serve()
        self.launch("--api-key-file", self.keys)
        for method, path, key, scheme, status in (
            ("POST", CHAT, None, "", 401),
            ("POST", CHAT, "first-key", "Bearer", 200),
            ("POST", CHAT, "second-key", "bearer", 200),
            ("POST", CHAT, "first-key", "Basic", 401),
            ("POST", CHAT, "first-ke", "Bearer", 401),
            ("POST", CHAT, "first-key2", "Bearer", 401),
            ("POST", CHAT, "", "Bearer", 401),
            ("GET", HEALTH, None, "", 200),
            ("POST", HEALTH, None, "", 401),
            ("GET", f"{HEALTH}/../add", None, "", 401),
        ):
            with self.subTest(f"{method} {path} {scheme} {key}"):
                self.assertEqual(self.status(method, path, key, scheme), status)

    def test_paths_that_are_not_named_are_not_passed_on(self) -> None:
        self.serve()
        self.launch("--below", "/v1/")
        for method, path, status in (
            ("POST", CHAT, 200),
            ("GET", "/v1/models", 200),
            ("GET", HEALTH, 200),
            ("POST", HEALTH, 404),
            ("POST", CLOSED, 404),
            ("POST", "/%6eodes/add", 404),
            ("POST", "//nodes/add", 404),
            ("POST", "/v1x", 404),
            ("POST", "/v1/../nodes/add", 404),
            ("POST", "/v1/%2e%2E/nodes/add", 404),
            ("POST", "/v1/./x/..", 404),
            ("POST", "/v1/a..b/...", 200),
        ):
            with self.subTest(f"{method} {path}"):
                self.assertEqual(self.status(method, path), status)

    def test_health_path_is_read_without_a_body(self) -> None:
        self.serve()
        self.launch("--api-key-file", self.keys)
        for extra in ("Content-Length: 1000000", "Transfer-Encoding: chunked"):
            with self.subTest(extra), socket.create_connection(("127.0.0.1", self.port), 20) as stranger:
                stranger.sendall(f"GET {HEALTH} HTTP/1.1\r\nHost: x\r\n{extra}\r\n\r\n".encode())
                # Before anything of the body has come.
                self.assertIn(b" 400 ", stranger.recv(100))
        self.assertEqual(self.status("GET", HEALTH), 200)

    def test_address_with_too_many_connections_gets_no_more_and_others_do(self) -> None:
        self.serve()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 6000), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        if hard < 6000:
            self.skipTest("this process may not open enough files")
        self.launch("--api-key-file", self.keys)
        links = []
        held = contextlib.ExitStack()
        self.addCleanup(held.close)
        for _ in range(4300):
            with contextlib.suppress(ConnectionError):
                where = ("127.0.0.1", self.port)
                link = socket.create_connection(where, 20, source_address=("127.0.0.9", 0))
                links.append(held.enter_context(link))
        time.sleep(0.5)
        kept = sum(not _is_closed(link) for link in links)
        self.assertLess(abs(kept - 4096), 10)
        self.assertEqual(self.status("POST", CHAT, "first-key"), 200)

    def test_certificate_is_served_and_the_key_is_in_no_file_command_or_environment(self) -> None:
        self.serve()
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        about = ["-nodes", "-days", "2", "-subj", "/CN=api.example", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(certificate)]
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *about, *files]
        subprocess.run(made, check=True, capture_output=True)
        before = set(self.folder.iterdir())
        pair = ["--certificate-file", str(certificate), "--certificate-key-file", str(key)]
        process = self.launch(*pair, environment={"A_SECRET": "of-the-engine"})
        connection = self.connection(ssl.create_default_context(cafile=str(certificate)))
        connection.request("GET", "/v1/models")
        self.assertEqual(connection.getresponse().status, 200)
        plain = self.connection()
        with self.assertRaises((OSError, http.client.HTTPException)):
            plain.request("GET", "/v1/models")
            plain.getresponse()
        self.assertEqual(set(self.folder.iterdir()), before)
        shown = "".join(
            Path(f"/proc/{process.pid}/{name}").read_text("utf-8") for name in ("cmdline", "environ")
        )
        self.assertIn("haproxy.cfg", shown)
        for secret in ("of-the-engine", key.read_text("utf-8").splitlines()[1]):
            self.assertNotIn(secret, shown)

    def test_stream_is_passed_on_as_it_comes(self) -> None:
        self.serve()
        self.launch()
        Server.second.clear()
        connection = self.connection()
        connection.request("POST", CHAT, b"{}")
        response = connection.getresponse()
        self.assertEqual(response.read(3), b"one")
        Server.second.set()
        self.assertEqual(response.read(), b"two")

    def test_server_that_is_not_up_is_answered_for_within_the_time_of_a_health_check(self) -> None:
        self.launch()
        began = time.monotonic()
        self.assertEqual(self.status("GET", HEALTH), 503)
        self.assertLess(time.monotonic() - began, 3)

    def test_signal_ends_it(self) -> None:
        process = self.launch()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    def test_what_cannot_work_is_said(self) -> None:
        empty = {"PATH": "/nowhere", "RAY_SERVE_HAPROXY_BINARY_PATH": "/no/such/haproxy"}
        for more, environment, said in (
            (["--api-key-file", self.file("none", "\n")], {}, "the file with the API keys is empty: "),
            (["--api-key-file", self.file("hash", "#x\n")], {}, "an API key must not begin with '#': "),
            (["--api-key-file", "/no/such"], {}, "/no/such cannot be read: No such file or directory"),
            (
                [],
                empty,
                'the image has no HAProxy: add it by ContainerImage.withPythonPackages(image, ["ray-ha',
            ),
        ):
            with self.subTest(said):
                ended = subprocess.run(
                    self.command(*more), capture_output=True, text=True, env={**os.environ, **environment}
                )
                self.assertEqual(ended.returncode, 1)
                self.assertIn(said, ended.stderr)


if __name__ == "__main__":
    unittest.main()
