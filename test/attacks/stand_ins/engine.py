"""An engine that serves and has a habit: --habit NAME, --amount MB, --port PORT."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LINE = b"INFO 11-28 15:30:00 [loggers.py:123] Engine 000: Avg prompt throughput: 100.0 tokens/s, Running: 1\n"
written = [0]
drips = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if drips.is_set():
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
            while True:
                self.wfile.write(b"x")
                time.sleep(0.5)
        self.answer({"written": written[0]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"choices": [{"message": {"role": "assistant", "content": "0 of 0 ranks"}}]})

    def answer(self, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def say(content: bytes) -> None:
    while content:
        count = os.write(1, content)
        written[0] += count
        content = content[count:]


def have(habit: str, amount: int) -> None:
    time.sleep(2)
    while habit == "flood":
        say(LINE * 100)
    while habit == "carriage":
        say(b"\rLoading safetensors checkpoint shards:  50% Completed | 15/30")
        time.sleep(0.001)
    while habit == "binary":
        say(os.urandom(65536))
        time.sleep(0.01)
    if habit in ("no-end", "long-line"):
        for _ in range(amount):
            say(b"x" * (1 << 20))
    if habit == "long-line":
        say(b"\n")
        time.sleep(2)
        os._exit(3)
    if habit == "daemon":
        subprocess.Popen(["setsid", "sh", "-c", "setsid sleep 5555 & exit 0"], stdout=subprocess.DEVNULL)
        time.sleep(1)
        os._exit(3)
    if habit == "drip":
        drips.set()
    if habit == "escapes":
        say(b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--habit")
    parser.add_argument("--port", type=int)
    parser.add_argument("--amount", type=int, default=0)
    given = parser.parse_args()
    threading.Thread(target=have, args=(given.habit, given.amount), daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", given.port), Handler).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
