"""put_signal: the object that is sent, its destination, and what is never printed."""

import contextlib
import io
import json
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

import put_signal


class _Waiting(HTTPServer):
    """Receives signals."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code = 200
        self.requests: list[tuple[str, str, str | None, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        assert isinstance(self.server, _Waiting)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append((self.command, self.path, self.headers.get("Content-Type"), body))
        self.send_response(self.server.code)
        self.end_headers()

    do_PUT = do_POST = do_GET = _take

    def log_message(self, format: str, *args: object) -> None:
        pass


class PutSignalTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = _Waiting()
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.address = Path(folder.name, "address")
        self.secret = "/signal?Signature=secret%2Bvalue&Expires=1"
        self.address.write_text(f"http://127.0.0.1:{self.server.server_port}{self.secret} 0123456789ab 60\n")

    def put(self, text: str, status: str = "SUCCESS") -> None:
        """Raises SystemExit where the signal was not sent."""
        printed = io.StringIO()
        with (
            mock.patch.object(sys, "stdin", io.StringIO(text)),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            put_signal.main(str(self.address), status, "head")
        self.assertEqual(printed.getvalue(), "")

    def test_signal_with_control_characters_drops_them(self) -> None:
        said = put_signal.signal("FAILURE", "head", "gpu-1:\x1b[36m (raylet)\x1b[0m\tbad\x00\n  last")
        self.assertEqual(json.loads(said)["Reason"], "gpu-1: (raylet)\tbad\n  last")

    def test_put_sends_one_object_to_the_whole_url(self) -> None:
        self.put("cluster 'a' is serving\n")
        [(method, path, content_type, body)] = self.server.requests
        self.assertEqual((method, path), ("PUT", self.secret))
        # The header is part of what is signed.
        self.assertEqual(content_type, "")
        content = json.loads(body)
        self.assertEqual(
            {key: content[key] for key in ("Status", "Reason", "UniqueId")},
            {"Status": "SUCCESS", "Reason": "cluster 'a' is serving", "UniqueId": "head"},
        )
        self.assertTrue(content["Data"])

    def test_put_encodes_any_text_as_json(self) -> None:
        text = 'a "quoted" \\ line\n\ttab ${x} \u00e4\u4e2d'
        self.put(text, "FAILURE")
        content = json.loads(self.server.requests[0][3])
        self.assertEqual((content["Status"], content["Reason"]), ("FAILURE", text))

    def test_signal_with_a_long_reason_keeps_its_beginning_and_its_end(self) -> None:
        text = "culprit: gpu-1\n" + "x" * 5000 + "\nlast line"
        self.put(text, "FAILURE")
        reason = json.loads(self.server.requests[0][3])["Reason"]
        self.assertEqual(len(reason), put_signal.LONGEST)
        self.assertTrue(reason.startswith("culprit: gpu-1\n"))
        self.assertTrue(reason.endswith("\nlast line"))
        self.assertIn("\n[...]\n", reason)

    def test_put_that_is_refused_fails_without_the_url(self) -> None:
        self.server.code = 403
        with self.assertRaises(SystemExit) as raised:
            self.put("x")
        self.assertEqual(str(raised.exception), "the signal URL answered HTTP 403")

    def test_put_to_an_invalid_url_fails_without_the_url(self) -> None:
        for address in ("http://127.0.0.1:1/secret", "no address secret", "http://127.0.0.1/a b secret"):
            self.address.write_text(address)
            with self.assertRaises(SystemExit) as raised:
                self.put("x")
            self.assertIn("could not send the signal: ", str(raised.exception))
            self.assertNotIn("secret", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
