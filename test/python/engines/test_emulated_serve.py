from __future__ import annotations

import http.client
import json
import time
import unittest
from contextlib import redirect_stderr
from io import StringIO
from threading import Event, Thread
from typing import Any
from unittest import mock

import fake_ray
from emulated_api import MAX_BODY_BYTES, ApiServer, Backend
from emulated_ranks import place
from emulated_serve import Engine, parse_args

CHAT = "/v1/chat/completions"
HELLO = {"model": "emulated", "messages": [{"role": "user", "content": "who is there"}]}
ANSWER = "4 of 4 ranks: npu-0 (10.89.28.10) ranks 0-1 on NPU 0-1; npu-1 (10.89.28.11) ranks 2-3 on NPU 0-1"


class Served(unittest.TestCase):
    """A real HTTP server over the fake cluster."""

    def setUp(self) -> None:
        self.cluster = fake_ray.two_nodes()
        self.engine = Engine("NPU", 4, 0.05)
        self.engine.placed = place("NPU", 4, 1.0, Event())
        self.server = ApiServer("127.0.0.1", 0, Backend("emulated", self.engine.complete, self.engine.health))
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        log = redirect_stderr(StringIO())
        log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def raw(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=5)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        response, data = self.raw(method, path, None if body is None else json.dumps(body).encode())
        return response.status, json.loads(data)


class Health(Served):
    def test_is_503_before_the_first_full_answer(self) -> None:
        status, body = self.call("GET", "/health")
        self.assertEqual((status, body["reason"]), (503, "waiting for 4 NPU"))

    def test_is_200_after_a_full_answer_until_it_is_old(self) -> None:
        self.engine.ask()
        self.assertEqual(self.call("GET", "/health")[0], 200)
        with mock.patch("emulated_serve.FRESH_SECONDS", -1.0):
            status, body = self.call("GET", "/health")
        self.assertEqual(status, 503)
        self.assertIn("is 0 s old", body["reason"])

    def test_is_503_as_soon_as_one_rank_fails(self) -> None:
        self.engine.ask()
        self.cluster.faults = {3: None}
        self.call("POST", CHAT, HELLO)
        status, body = self.call("GET", "/health")
        self.assertEqual(status, 503)
        self.assertIn("rank 3 on npu-1", body["reason"])

    def test_recovers_when_the_rank_answers_again(self) -> None:
        self.cluster.faults = {3: None}
        self.call("POST", CHAT, HELLO)
        self.cluster.faults = {}
        self.assertEqual(self.call("POST", CHAT, HELLO)[0], 200)
        self.assertEqual(self.call("GET", "/health")[0], 200)

    def test_the_watch_keeps_it_fresh_without_requests(self) -> None:
        stop = Event()
        with mock.patch("emulated_serve.PROBE_SECONDS", 0.01):
            watch = Thread(target=self.engine.watch, args=(stop,))
            watch.start()
            deadline = time.monotonic() + 5
            while not self.engine.health()[0] and time.monotonic() < deadline:
                time.sleep(0.01)
            stop.set()
            watch.join(5)
        self.assertEqual(self.call("GET", "/health")[0], 200)


class Completions(Served):
    def test_the_models_are_listed(self) -> None:
        status, body = self.call("GET", "/v1/models")
        self.assertEqual((status, [card["id"] for card in body["data"]]), (200, ["emulated"]))

    def test_a_chat_answer_is_made_of_every_rank(self) -> None:
        status, body = self.call("POST", CHAT, HELLO)
        self.assertEqual((status, body["object"]), (200, "chat.completion"))
        self.assertEqual(body["choices"][0]["message"], {"role": "assistant", "content": ANSWER})
        self.assertEqual(body["choices"][0]["finish_reason"], "stop")
        words = len(ANSWER.split())
        self.assertEqual(
            body["usage"], {"prompt_tokens": 3, "completion_tokens": words, "total_tokens": 3 + words}
        )

    def test_a_text_completion(self) -> None:
        status, body = self.call("POST", "/v1/completions", {"prompt": "who is there"})
        self.assertEqual(
            (status, body["object"], body["choices"][0]["text"]), (200, "text_completion", ANSWER)
        )

    def test_max_tokens_cuts_and_says_so(self) -> None:
        for limit in ({"max_tokens": 3}, {"max_completion_tokens": 3}):
            body = self.call("POST", CHAT, {**HELLO, **limit})[1]
            self.assertEqual(body["choices"][0]["message"]["content"], "4 of 4")
            self.assertEqual(body["choices"][0]["finish_reason"], "length")
            self.assertEqual(body["usage"]["completion_tokens"], 3)

    def test_content_may_be_a_list_of_parts(self) -> None:
        parts = [{"type": "text", "text": "one two"}, {"type": "text", "text": "three"}]
        status, body = self.call("POST", CHAT, {"messages": [{"role": "user", "content": parts}]})
        self.assertEqual((status, body["usage"]["prompt_tokens"]), (200, 3))

    def test_a_missing_rank_is_a_503_and_never_a_part_of_an_answer(self) -> None:
        for stream in (False, True):
            self.cluster.faults = {2: None}
            status, body = self.call("POST", CHAT, {**HELLO, "stream": stream})
            self.assertEqual((status, body["error"]["code"]), (503, "rank_failed"))
            self.assertIn("rank 2 on npu-1 (10.89.28.11): no answer within 0.05 s", body["error"]["message"])
        self.assertFalse(self.engine.dead.is_set())

    def test_a_dead_rank_ends_the_engine(self) -> None:
        self.cluster.faults = {0: fake_ray.ActorDiedError("gone")}
        self.assertEqual(self.call("POST", CHAT, HELLO)[0], 503)
        self.assertTrue(self.engine.dead.is_set())

    def test_before_the_ranks_are_placed_it_says_what_it_waits_for(self) -> None:
        self.engine.placed = None
        status, body = self.call("POST", CHAT, HELLO)
        self.assertEqual((status, body["error"]["message"]), (503, "waiting for 4 NPU"))


class Streams(Served):
    def events(self, path: str, body: dict[str, Any]) -> list[Any]:
        response, data = self.raw("POST", path, json.dumps({**body, "stream": True}).encode())
        self.assertEqual((response.status, response.headers["Content-Type"]), (200, "text/event-stream"))
        lines = data.decode().split("\n\n")
        self.assertEqual(lines[-2:], ["data: [DONE]", ""])
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]

    def test_the_chunks_of_a_chat_add_up_to_the_answer(self) -> None:
        chunks = self.events(CHAT, HELLO)
        self.assertEqual({chunk["object"] for chunk in chunks}, {"chat.completion.chunk"})
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        self.assertEqual(deltas[0]["role"], "assistant")
        self.assertEqual("".join(delta.get("content", "") for delta in deltas), ANSWER)
        reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
        self.assertEqual(set(reasons[:-1]), {None})
        self.assertEqual(reasons[-1], "stop")

    def test_the_chunks_of_a_text_completion(self) -> None:
        chunks = self.events("/v1/completions", {"prompt": "x"})
        self.assertEqual("".join(chunk["choices"][0]["text"] for chunk in chunks), ANSWER)

    def test_usage_comes_last_when_asked_for(self) -> None:
        chunks = self.events(CHAT, {**HELLO, "stream_options": {"include_usage": True}})
        self.assertEqual((chunks[-1]["choices"], chunks[-1]["usage"]["prompt_tokens"]), ([], 3))
        self.assertNotIn("usage", self.events(CHAT, HELLO)[-1])


class BadRequests(Served):
    def test_each_names_what_is_wrong(self) -> None:
        cases: list[tuple[str, object, int, str, str | None]] = [
            (CHAT, {**HELLO, "model": "other"}, 404, "model_not_found", "model"),
            (CHAT, {"model": "emulated"}, 400, "invalid_value", "messages"),
            (CHAT, {"messages": []}, 400, "invalid_value", "messages"),
            (CHAT, {"messages": [{"role": "user"}]}, 400, "invalid_value", "messages[0].content"),
            (CHAT, {"messages": ["hi"]}, 400, "invalid_value", "messages[0].content"),
            (CHAT, {**HELLO, "max_tokens": 0}, 400, "invalid_value", "max_tokens"),
            (CHAT, {**HELLO, "max_tokens": "many"}, 400, "invalid_value", "max_tokens"),
            (CHAT, {**HELLO, "max_tokens": True}, 400, "invalid_value", "max_tokens"),
            (CHAT, {**HELLO, "stream": "yes"}, 400, "invalid_value", "stream"),
            (CHAT, ["hi"], 400, "invalid_json", None),
            ("/v1/completions", {"prompt": ""}, 400, "invalid_value", "prompt"),
            ("/v1/completions", {}, 400, "invalid_value", "prompt"),
            ("/v1/embeddings", {}, 404, "not_found", None),
        ]
        for path, request, status, code, param in cases:
            with self.subTest(request=request, path=path):
                got, body = self.call("POST", path, request)
                error = body["error"]
                self.assertEqual((got, error["code"], error["param"]), (status, code, param))
                self.assertEqual(error["type"], "invalid_request_error")
                self.assertTrue(error["message"])

    def test_a_body_that_is_not_json(self) -> None:
        response, data = self.raw("POST", CHAT, b"{not json")
        self.assertEqual((response.status, json.loads(data)["error"]["code"]), (400, "invalid_json"))

    def test_a_body_that_is_too_large_is_not_read(self) -> None:
        response, _ = self.raw("POST", CHAT, b"{}", {"Content-Length": str(MAX_BODY_BYTES + 1)})
        self.assertEqual((response.status, response.headers["Connection"]), (413, "close"))

    def test_an_unknown_path(self) -> None:
        self.assertEqual(self.call("GET", "/nowhere")[0], 404)


GIVEN = ["--host", "0.0.0.0", "--port", "8000", "--model", "emulated", "--resource", "NPU", "--ranks", "16"]


class Arguments(unittest.TestCase):
    def test_accepted(self) -> None:
        args = parse_args(GIVEN)
        self.assertEqual((args.host, args.port, args.model, args.ranks), ("0.0.0.0", 8000, "emulated", 16))

    def test_refused(self) -> None:
        for argv, text in (
            (GIVEN[:-2], "--ranks"),
            (GIVEN[2:], "--host"),
            ([*GIVEN[:-1], "0"], "from 1 on, got 0"),
        ):
            with self.subTest(argv), redirect_stderr(StringIO()) as errors:
                with self.assertRaises(SystemExit):
                    parse_args(argv)
                self.assertIn(text, errors.getvalue())


if __name__ == "__main__":
    unittest.main()
