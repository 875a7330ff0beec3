"""The example's source of secrets, against a server that answers as Google's do."""

import base64
import json
import os
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

PROGRAM = Path(__file__).parents[3] / "stacks" / "sources" / "google_secret.py"


class _Google(BaseHTTPRequestHandler):
    answers: ClassVar[dict[tuple[str, str | None], str]] = {
        ("/project/project-id", "Metadata-Flavor: Google"): "my-project",
        ("/instance/service-accounts/default/token", "Metadata-Flavor: Google"): json.dumps(
            {"access_token": "opens-it", "expires_in": 3599}
        ),
        (
            "/projects/my-project/secrets/ray-token/versions/latest:access",
            "Authorization: Bearer opens-it",
        ): json.dumps({"payload": {"data": base64.b64encode(b"s3cret").decode()}}),
        ("/projects/my-project/secrets/odd/versions/latest:access", "Authorization: Bearer opens-it"): "{}",
    }

    def do_GET(self) -> None:
        given = [f"{name}: {self.headers[name]}" for name in ("Metadata-Flavor", "Authorization")]
        found = next(
            (self.answers[self.path, one] for one in given if (self.path, one) in self.answers), None
        )
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write((found or "").encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


class GoogleSecretTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Google)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_program(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        environment = {**os.environ, "METADATA_URL": url, "SECRETS_URL": url, "no_proxy": "*"}
        command = [sys.executable, str(PROGRAM), *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=30, check=False
        )

    def test_prints_the_value_and_nothing_else(self) -> None:
        done = self.run_program("ray-token")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "s3cret", ""))

    def test_fails_without_a_value(self) -> None:
        for name, why in [("none", "HTTP Error 404"), ("odd", "'payload'")]:
            done = self.run_program(name)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"no secret '{name}': {why}", done.stderr)
            self.assertNotIn("opens-it", done.stderr)

    def test_wants_one_name(self) -> None:
        self.assertIn("usage", self.run_program().stderr)


if __name__ == "__main__":
    unittest.main()
