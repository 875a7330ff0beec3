"""The stand-ins as programs of this machine: the definitions of the repository, a folder for each test."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
DEFINITIONS = REPOSITORY / "test" / "fixtures" / "engine-flags"
COPIES = REPOSITORY / "lib" / "catalog" / "engine-environment.json"
_DEADLINE_SECONDS = 30.0


def free_port() -> int:
    """Free a moment ago, as is the one after it, and below those that outgoing connections get."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as listeners:
            for one in (port, port + 1):
                listeners.enter_context(socket.create_server(("127.0.0.1", one)))
            return port


class StandInCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = self.folder / "model"
        self.model.mkdir()
        (self.model / "config.json").write_text("{}")
        (self.folder / "no-ray").mkdir()

    def start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-m", f"stand_ins.{module}", *arguments]
        process = subprocess.Popen(
            program,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **self.environment(), **environment},
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> str:
        """What it printed."""
        if process.poll() is None:
            process.terminate()
        output, _ = process.communicate(timeout=_DEADLINE_SECONDS) if process.stdout else ("", "")
        return output

    def environment(self) -> dict[str, str]:
        path = [HERE, REPOSITORY / "lib" / "engines" / "emulated", *self.more_path()]
        return {
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in path),
            "STAND_IN_FOLDER": str(self.folder),
            "STAND_IN_FLAGS": str(DEFINITIONS),
            "STAND_IN_COPIES": str(COPIES),
            "STAND_IN_DEVICES": str(self.folder / "device[0-9]"),
        }

    def more_path(self) -> list[Path]:
        return []

    def seen(self) -> list[dict[str, Any]]:
        file = self.folder / "seen.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def get(self, url: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def until(self, url: str, status: int) -> Any:
        """The body of the first answer with this status."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        last: object = "nothing"
        while time.monotonic() < deadline:
            try:
                found, body = self.get(url)
                if found == status:
                    return body
                last = (found, body)
            except OSError as error:
                last = error
            time.sleep(0.1)
        raise AssertionError(f"{url} did not answer {status}; last: {last}")
