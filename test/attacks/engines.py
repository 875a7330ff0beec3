"""Engines that answer the health probe, and the question that proves serving, as no engine should.

Right: a sentence about the engine, within the probe's time; never an exception that nobody has named.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import support
from report import Attacks

from ray_node.config.engine_config import EngineApi, ProofRequest
from ray_node.engine import proof
from ray_node.engine.api import EngineClient
from ray_node.engine.proof import NotProven

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()
Say = Callable[[socket.socket], None]


def whole(body: bytes, head: bytes = HEAD) -> Say:
    return lambda link: link.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Say:
    def say(link: socket.socket) -> None:
        link.sendall(head)
        while True:
            link.sendall(piece)
            time.sleep(pause)

    return say


def raw(content: bytes) -> Say:
    return lambda link: link.sendall(content)


ENGINES: dict[str, Say] = {
    "a broken chunk": raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
    "a chunk of no size": raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzzz\r\n"),
    "an enormous chunk": raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\n"),
    "noise for a status line": raw(b"\x00\x01NOPE\r\n\r\n"),
    "a status that is none": raw(b"HTTP/1.1 999999 x\r\n\r\n"),
    "nothing": raw(b""),
    "a body that breaks off": raw(HEAD + b"Content-Length: 900\r\n\r\n{"),
    "deep JSON": whole(b"[" * 200_000),
    "a number of 10^400": whole(b'{"choices": [{"text": 1' + b"0" * 400 + b"}]}"),
    "no UTF-8": whole(b'{"choices": "\xff"}'),
    "null": whole(b"null"),
    "a list": whole(b"[]"),
    "no choice": whole(b'{"choices": []}'),
    "a choice that is none": whole(b'{"choices": 5}'),
    "a message that is none": whole(b'{"choices": [{"message": null}]}'),
    "half a letter": whole(b'{"choices": [{"message": {"content": {"a": "\\ud800"}}}]}'),
    "an error with escapes": whole(b'{"error": {"message": "\x1b]0;x\\u0007\\u001b[2J", "code": 500}}'),
    "500 with escapes": whole(b"\x1b]0;x\x07\x1b[2J", b"HTTP/1.1 500 x\r\n"),
    "a redirect": whole(b"", b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n"),
    "a header without an end": endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 1000),
    "a header that drips": endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"x", 0.2),
    "a body without an end": endless(HEAD + b"\r\n", b" " * 65_536),
    "a body that drips": endless(HEAD + b"\r\n", b" ", 0.2),
    "100 for ever": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "200 headers": raw(HEAD + b"".join(b"h%d: x\r\n" % at for at in range(200)) + b"\r\n"),
}


def main() -> None:
    attacks = Attacks("engines that answer badly")
    request = ProofRequest("chat", "/v1/chat/completions", {"model": "m"}, None)
    api = EngineApi(0, "/health", "m", (request,), None, None, None)
    for name, say in {"an honest answer": whole(ANSWER), **ENGINES}.items():
        with socket.create_server((support.HEAD, 0)) as listener:
            threading.Thread(target=_serve, args=(listener, say), daemon=True).start()
            client = EngineClient(support.HEAD, replace(api, port=listener.getsockname()[1]))
            began, words = time.monotonic(), ""
            try:
                words = client.health_problem(0.7) or ""
                words += proof.prove(client, (request,), 0.7).text
                got = "proven"
            except NotProven as error:
                got, words = "not proven", words + str(error)
            except Exception as error:
                got = f"an internal error: {error!r}"
            took = time.monotonic() - began
        proven = got == "proven"
        good = proven == (name == "an honest answer") and "internal" not in got and took < 4
        clean = words.isprintable() and len(words) < 2000
        attacks.result(name, good and clean, f"{got} in {took:.1f} s {'' if clean else words[:100]!r}")
    attacks.end()


def _serve(listener: socket.socket, say: Say) -> None:
    while True:
        try:
            link, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(link, say), daemon=True).start()


def _answer(link: socket.socket, say: Say) -> None:
    try:
        link.recv(65_536)
        say(link)
        link.close()
    except OSError:
        link.close()


if __name__ == "__main__":
    main()
