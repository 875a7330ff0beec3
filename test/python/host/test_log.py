import base64
import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import unittest
import urllib.parse
from unittest import mock

import support

from ray_node.host import log, text

SECRET = 'a/b+c"d=hf_0123456789abcdef'


class RedactTest(unittest.TestCase):
    def hide(self, secret: str) -> None:
        log.hide(secret)
        self.addCleanup(log.forget, secret)

    def test_secret_is_hidden_in_every_form(self) -> None:
        self.hide(SECRET)
        forms = [
            SECRET,
            SECRET.upper(),
            urllib.parse.quote(f"Bearer {SECRET}"),
            urllib.parse.urlencode({"token": SECRET}),
            json.dumps({"hf_token": SECRET}),
            SECRET.encode().hex(),
            *(
                base64.b64encode(before + SECRET.encode() + b"after").decode()
                for before in (b"", b"x", b"xy")
            ),
            base64.urlsafe_b64encode(f"user:{SECRET}".encode()).decode(),
        ]
        for form in forms:
            with self.subTest(form):
                found = log.redact(f"say {form} twice {form}")
                self.assertEqual(found.count("<secret>"), 2, found)
                self.assertLess(len(found), len(form) + 60)
                self.assertEqual(log.redact(found), found)

    def test_redact_is_idempotent_whatever_the_secret(self) -> None:
        for secret in ("secret", "<secret>", "cret", "e", "ecre"):
            with self.subTest(secret):
                self.hide(secret)
                once = log.redact("a secret of <secret> serving")
                self.assertEqual(log.redact(once), once)
                log.forget(secret)

    def test_terminal_escapes_never_pass(self) -> None:
        self.assertEqual(log.redact("a\x1b]0;x\x07b\x1b[2J\r\n\tc\u202ed\x9b\x7f"), "a ]0;x b [2J \n\tc d  ")
        self.assertEqual(log.redact("half \ud800"), "half ?")

    def test_address_and_query_of_others_are_left_out(self) -> None:
        for said in (
            "URL can't contain control characters. '/my model?X-Amz-Signature=SECRET' (found at least ' ')",
            "Max retries: https://user:SECRET@b.s3/x?X-Amz-Signature=SECRET",
            "bad: s3://b/SECRET",
        ):
            self.assertNotIn("SECRET", text.without_addresses(said))
        self.assertEqual(text.without_addresses("Connection refused"), "Connection refused")


class WriterTest(unittest.TestCase):
    """In a program of its own: the writer takes descriptor 1."""

    SCRIPT = """
import os, sys, time
from ray_node.host import log
log.start_writer()
began = time.monotonic()
for at in range(300000):
    log.line(f"{at} " + "x" * 100)
sys.stderr.write(f"{time.monotonic() - began:.3f}\\n")
sys.stderr.flush()
sys.stdin.read()
log.line("the last one")
"""

    def start(self, stdout: int) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "lib" / "runtime")},
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_stdout_that_nobody_reads_holds_up_nobody_and_heals(self) -> None:
        reads, writes = os.pipe()
        process = self.start(writes)
        os.close(writes)
        assert process.stderr is not None and process.stdin is not None
        self.assertLess(float(process.stderr.readline()), 60)
        found: list[bytes] = []

        def read() -> None:
            while chunk := os.read(reads, 1 << 16):
                found.append(chunk)

        reader = threading.Thread(target=read)
        reader.start()
        support.await_that(lambda: b"lines were dropped" in b"".join(found), lambda: len(found))
        process.stdin.close()
        self.assertEqual(process.wait(20), 0)
        reader.join()
        os.close(reads)
        said = b"".join(found).decode()
        self.assertTrue(said.startswith("0 xxx"))
        self.assertTrue(said.endswith("the last one\n"))
        self.assertLess(len(said), 8 << 20)

    def test_full_disk_ends_nothing(self) -> None:
        with open("/dev/full", "wb") as full:
            process = self.start(full.fileno())
        assert process.stderr is not None
        process.stderr.readline()
        self.assertIsNone(process.poll())

    def test_closed_or_full_stdout_without_a_writer_is_no_error(self) -> None:
        full = mock.Mock(write=mock.Mock(side_effect=OSError(28, "No space left on device")))
        with contextlib.redirect_stdout(full):
            log.line("x")
        closed = io.StringIO()
        closed.close()
        with contextlib.redirect_stdout(closed):
            log.line("x")


if __name__ == "__main__":
    unittest.main()
