"""Answers of today's engines, taken from their own source, and what each of them proves."""

import json
import ssl
import subprocess
import tempfile
import threading
import unittest
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import support

from ray_node.config.engine_config import EngineApi, EngineTls, ProofRequest
from ray_node.engine import proof
from ray_node.engine.api import EngineClient
from ray_node.engine.proof import NotProven, Refused
from ray_node.host import log

ANSWERS = json.loads((support.EXAMPLE.parent / "engine-answers.json").read_text(encoding="utf-8"))["answers"]
PATHS = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "rerank": "/v1/rerank",
    "pooling": "/pooling",
    "transcription": "/v1/audio/transcriptions",
    "custom": "/score",
}


def request(kind: Any, expect: str | None = None) -> ProofRequest:
    return ProofRequest(kind, PATHS[kind], {"model": "m"}, expect)


class EngineCase(unittest.TestCase):
    """A server with an answer for each path; any other path is answered as vLLM does."""

    def setUp(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        case = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(200, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                case.asked.append((self.path, dict(self.headers), body))
                missing = json.dumps({"error": {"message": "Not Found", "code": 404}}).encode()
                self.reply(*case.answers.get(self.path, (404, missing)))

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.api = EngineApi(self.server.server_port, "/health", "m", (), None, None, None)

    def says(self, kind: str, status: int, body: Any) -> None:
        self.answers[PATHS[kind]] = (status, json.dumps(body).encode())

    def prove(self, *requests: ProofRequest, **changes: Any) -> proof.Proven:
        return proof.prove(EngineClient("127.0.0.1", replace(self.api, **changes)), requests, 5)


class AnswersTest(EngineCase):
    def test_prove_judges_the_answers_of_todays_engines(self) -> None:
        for row in ANSWERS:
            with self.subTest(f"{row['engine']}: {row['situation']}"):
                self.assertTrue(row["source"])
                self.says(row["kind"], row["status"], row["body"])
                if "proves" in row:
                    self.assertEqual(self.prove(request(row["kind"])).text, row["proves"])
                    continue
                with self.assertRaises(NotProven) as caught:
                    self.prove(request(row["kind"]))
                self.assertIn(row.get("refuses") or row["fails"], str(caught.exception))
                self.assertEqual(isinstance(caught.exception, Refused), "refuses" in row)

    def test_prove_goes_on_to_the_next_question_where_one_is_refused(self) -> None:
        self.says("chat", 400, {"error": {"message": "no chat template", "code": 400}})
        self.says("completion", 200, {"choices": [{"text": "hello"}]})
        proven = self.prove(request("chat"), request("completion"), request("embedding"))
        self.assertEqual((proven.kind, proven.text), ("completion", "hello"))
        self.assertEqual(proven.refused, ("POST /v1/chat/completions with HTTP 400: no chat template",))
        self.assertEqual([path for path, _, _ in self.asked], [PATHS["chat"], PATHS["completion"]])

    def test_prove_stops_at_an_error_that_is_no_refusal(self) -> None:
        for status in (401, 429, 500, 503):
            with self.subTest(status=status):
                self.asked.clear()
                self.says("chat", status, {"error": {"message": "no", "code": status}})
                with self.assertRaises(NotProven):
                    self.prove(request("chat"), request("completion"))
                self.assertEqual(len(self.asked), 1)

    def test_prove_says_what_to_set_where_every_question_is_refused(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.prove(request("chat"), request("completion"))
        self.assertRegex(
            str(caught.exception),
            r"POST /v1/chat/completions with HTTP 404: Not Found; "
            r"POST /v1/completions with HTTP 404: Not Found\. "
            r"Set the engine's proof to what this model answers: Proof\.chat\(\)",
        )

    def test_expected_text_may_stand_in_text_or_reasoning(self) -> None:
        self.says("chat", 200, {"choices": [{"message": {"content": "pong", "reasoning": "think"}}]})
        for expect in ("pong", "think"):
            self.assertEqual(self.prove(request("chat", expect)).text, "pong")
        with self.assertRaisesRegex(NotProven, "must contain 'ping', got 'pongthink'"):
            self.prove(request("chat", "ping"))

    def test_answer_of_another_shape_is_not_proven(self) -> None:
        bodies = [
            "",
            "<html>",
            "[]",
            "{}",
            '{"choices": []}',
            '{"choices": [{}]}',
            '{"data": []}',
            '{"results": []}',
        ]
        for kind in ("chat", "completion", "embedding", "rerank", "pooling", "transcription"):
            for body in bodies:
                with self.subTest(kind=kind, body=body), self.assertRaises(NotProven) as caught:
                    self.answers[PATHS[kind]] = (200, body.encode())
                    self.prove(request(kind))
                self.assertNotIsInstance(caught.exception, Refused)

    def test_vector_or_score_that_is_no_number_is_not_proven(self) -> None:
        for number in ("NaN", "Infinity", "true", '"1"'):
            for kind, body in (
                ("embedding", f'{{"data": [{{"embedding": [0.5, {number}]}}]}}'),
                ("rerank", f'{{"results": [{{"relevance_score": {number}}}]}}'),
                ("pooling", f'{{"data": [{{"data": [[0.5], [{number}]]}}]}}'),
            ):
                with self.subTest(kind=kind, number=number), self.assertRaises(NotProven):
                    self.answers[PATHS[kind]] = (200, body.encode())
                    self.prove(request(kind))

    def test_pooled_numbers_are_counted_whatever_their_shape(self) -> None:
        for data, count in (([0.5, 1, -2], 3), ([[0.5], [0.1]], 2), ([[0.5, 1], [0.1, 2]], 4)):
            with self.subTest(data=data):
                self.says("pooling", 200, {"data": [{"object": "pooling", "data": data}]})
                self.assertEqual(self.prove(request("pooling")).text, f"({count} pooled numbers)")

    def test_custom_answer_is_taken_as_it_is(self) -> None:
        self.answers["/score"] = (200, b"score: 0.5")
        self.assertEqual(self.prove(request("custom", "0.5")).text, "score: 0.5")
        with self.assertRaises(NotProven):
            self.prove(request("custom", "0.6"))

    def test_transcription_sends_a_form_with_a_wave_file(self) -> None:
        self.says("transcription", 200, {"text": "la"})
        self.assertEqual(self.prove(request("transcription")).text, "(transcript) la")
        _, headers, body = self.asked[0]
        self.assertTrue(headers["Content-Type"].startswith("multipart/form-data; boundary="))
        boundary = headers["Content-Type"].partition("=")[2].encode()
        fields, sound = body.split(b"--" + boundary)[1:3]
        self.assertIn(b'name="model"\r\n\r\nm\r\n', fields)
        self.assertIn(b'name="file"; filename="proof.wav"', sound)
        self.assertEqual(sound.partition(b"\r\n\r\n")[2][:4], b"RIFF")
        self.assertTrue(body.endswith(b"--" + boundary + b"--\r\n"))


class KeyTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "keys"
        self.says("chat", 200, {"choices": [{"message": {"content": "hello"}}]})

    def test_first_key_of_the_file_is_sent_and_never_printed(self) -> None:
        self.file.write_text("\n key-of-the-proof \nkey-of-a-user\n", encoding="utf-8")
        self.prove(request("chat"), api_key_file=str(self.file))
        self.assertEqual(self.asked[0][1]["Authorization"], "Bearer key-of-the-proof")
        self.assertEqual(log.redact("a key-of-the-proof b key-of-a-user"), "a <secret> b <secret>")

    def test_request_without_a_file_has_no_key(self) -> None:
        self.prove(request("chat"))
        self.assertNotIn("Authorization", self.asked[0][1])

    def test_file_that_is_missing_or_empty_is_named(self) -> None:
        with self.assertRaisesRegex(NotProven, "No such file.*keys"):
            self.prove(request("chat"), api_key_file=str(self.file))
        self.file.write_text("\n", encoding="utf-8")
        with self.assertRaisesRegex(NotProven, "keys holds no API key"):
            self.prove(request("chat"), api_key_file=str(self.file))


class TlsTest(EngineCase):
    """The server has a certificate of its own making, for the name `llm.test`."""

    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        for name in ("own", "other"):
            made = f"{cls.folder.name}/{name}"
            words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
            name_of = "-subj /CN=llm.test -addext subjectAltName=DNS:llm.test"
            argv = [
                "openssl",
                *words.split(),
                *name_of.split(),
                "-keyout",
                f"{made}.key",
                "-out",
                f"{made}.pem",
            ]
            subprocess.run(argv, check=True, capture_output=True)

    def setUp(self) -> None:
        super().setUp()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder.name}/own.pem", f"{self.folder.name}/own.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.says("chat", 200, {"choices": [{"message": {"content": "hello"}}]})

    def ask(self, authority: str | None, name: str | None = None) -> str:
        path = None if authority is None else f"{self.folder.name}/{authority}.pem"
        return self.prove(request("chat"), tls=EngineTls(path, name)).text

    def test_engine_is_known_by_its_own_certificate(self) -> None:
        self.assertEqual(self.ask("own"), "hello")
        self.assertEqual(self.ask("own", "llm.test"), "hello")

    def test_engine_with_another_certificate_or_name_is_refused(self) -> None:
        with self.assertRaisesRegex(NotProven, "TLS: self-signed certificate"):
            self.ask("other")
        with self.assertRaisesRegex(NotProven, "TLS: self-signed certificate"):
            self.ask(None)
        with self.assertRaisesRegex(NotProven, "TLS: Hostname mismatch"):
            self.ask("own", "other.test")

    def test_health_over_tls_has_no_problem(self) -> None:
        tls = EngineTls(f"{self.folder.name}/own.pem", None)
        client = EngineClient("127.0.0.1", replace(self.api, tls=tls))
        self.assertEqual(client.base, f"https://127.0.0.1:{self.api.port}")
        self.assertIsNone(client.health_problem())

    def test_plain_probe_of_a_server_with_tls_says_so(self) -> None:
        self.assertRegex(str(EngineClient("127.0.0.1", self.api).health_problem(2)), "if it uses TLS")


if __name__ == "__main__":
    unittest.main()
