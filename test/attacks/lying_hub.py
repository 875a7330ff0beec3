"""A hub and an index that lie, and links planted in the model's folder.

Right: a failure of staging with a code, or the right model, in time. Nothing is written outside the
folder, the token goes to no other origin, and no secret, address or escape gets into words.
"""

import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from report import IS_LONG, Attacks

from ray_node.host import log
from ray_node.host.failure import StopRequested
from ray_node.staging.failure import StagingFailed
from ray_node.staging.request import FETCH, HubSource, IndexSource, Pace, Source, StagingRequest
from ray_node.staging.stage import stage

REVISION = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_" + "S" * 34
DATA = b"x" * 5000
SHA = hashlib.sha256(DATA).hexdigest()
#: More headers than a client takes.
MANY: dict[str, Any] = {f"h{at}": "x" for at in range(120)}
PACE = Pace(
    heartbeat=0.5,
    lease_stale=30.0,
    poll=0.05,
    network_timeout=2.0,
    attempts=2,
    backoff_first=0.02,
    backoff_longest=0.1,
    stall=1.0,
)
Behave = Callable[[BaseHTTPRequestHandler], None]
Check = Callable[[Path], list[str]]
_DEADLINE = 25.0


def send(handler: BaseHTTPRequestHandler, status: int = 200, body: bytes = b"", **headers: Any) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def entry(path: str = "model.safetensors", size: Any = 5000, sha: str = SHA) -> dict[str, Any]:
    lfs = {"sha256": sha, "size": size, "pointerSize": 130}
    return {"rfilename": path, "size": size, "blobId": "0" * 40, "lfs": lfs}


def listing(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"id": "a/b", "sha": REVISION, "siblings": list(entries)}).encode()


class Hub:
    def __init__(self, listed: Behave | bytes, file: Behave | None = None, host: str = "127.0.0.1") -> None:
        self.tokens: list[str | None] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.tokens.append(self.headers.get("Authorization"))
                try:
                    if "/api/models/" not in self.path:
                        (file or (lambda handler: send(handler, body=DATA)))(self)
                    elif isinstance(listed, bytes):
                        send(self, body=listed, Content_Type="application/json")
                    else:
                        listed(self)
                except (OSError, ValueError):
                    self.close_connection = True

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@dataclass
class Attack:
    name: str
    hub: Hub
    #: `None`: any failure of staging, or the right model.
    wanted: str | None = None
    source: Callable[[Hub, Path], Source] | None = None
    prepare: Callable[[Path], None] = lambda _: None
    check: Check = lambda _: []
    is_short: bool = False
    problems: list[str] = field(default_factory=list)

    def run(self) -> tuple[str, bool, str]:
        root = Path(tempfile.mkdtemp(prefix="ray-cluster-attack-"))
        (root / "token").write_text(TOKEN)
        (root / "precious").write_text("precious")
        (root / "outside").mkdir()
        (root / "model").mkdir()
        self.prepare(root)
        hub = HubSource("a/b", REVISION, self.hub.url, str(root / "token"))
        source = self.source(self.hub, root) if self.source is not None else hub
        before = {path.name for path in root.iterdir()}
        request = StagingRequest(
            source, str(root / "model"), "c", "npu-0", FETCH, None, _DEADLINE, 2, pace=PACE
        )
        began, words = time.monotonic(), ""
        try:
            stage(request, lambda _: None)
            got = "complete"
        except (StagingFailed, StopRequested) as error:
            got, words = getattr(error, "code", "stopped"), str(error)
        except Exception as error:
            got = "an internal error"
            words = repr(error)
            self.problems.append(words[:120])
        took = time.monotonic() - began
        if took > _DEADLINE + 6:
            self.problems.append(f"took {took:.0f} s")
        # The secret is taken away.
        if {path.name for path in root.iterdir()} - {"token"} != before - {"token"} or list(
            (root / "outside").iterdir()
        ):
            self.problems.append("wrote outside the folder")
        if (root / "precious").read_text() != "precious":
            self.problems.append("overwrote a file outside through a link")
        self.problems += told(words)
        if self.wanted is not None and got != self.wanted:
            self.problems.append(f"wanted {self.wanted}: {words[:150]}")
        if got == "complete" and self.wanted is None and any(self._is_wrong(path) for path in _files(root)):
            self.problems.append("complete with wrong content")
        shutil.rmtree(root, ignore_errors=True)
        self.hub.server.shutdown()
        self.hub.server.server_close()
        return self.name, not self.problems, f"{got} in {took:.1f} s {'; '.join(self.problems)}"

    def _is_wrong(self, path: Path) -> bool:
        return path.read_bytes() not in (DATA, b"")


def _files(root: Path) -> list[Path]:
    return [path for path in (root / "model").rglob("*") if path.is_file() and ".staging" not in path.parts]


def told(words: str) -> list[str]:
    """What must not stand in words."""
    found = []
    if TOKEN in words or "SECRET" in words:
        found.append(f"a secret in words: {words[:200]}")
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in words):
        found.append("an escape in words")
    return found


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * (1 << 20))


def noise(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"NOPE\r\n\r\n")


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.5)


def redirect(location: str) -> Behave:
    return lambda handler: send(handler, 302, Location=location)


def refuses(status: int, **headers: Any) -> Behave:
    return lambda handler: send(handler, status, **headers)


def of_index(content: Any) -> Callable[[Hub, Path], Source]:
    def source(hub: Hub, root: Path) -> Source:
        text = content if isinstance(content, str) else json.dumps(content)
        (root / "token").write_text(text.replace("HUB", hub.url))
        return IndexSource("s3://b/p", str(root / "token"))

    return source


def with_url(url: Any) -> dict[str, Any]:
    return {"files": [{"path": "model.safetensors", "size": 5000, "sha256": SHA, "url": url}]}


def attacks_of_lists() -> list[Attack]:
    found = [Attack("an honest hub", Hub(listing(entry())), "complete", is_short=True)]
    for path in (
        *(
            "../x",
            "/etc/x",
            "a/../../x",
            "..",
            ".",
            "a//b",
            "a\\..\\b",
            ".staging/manifest.json",
            "a\0b",
            "a\nb",
        ),
        *(
            "",
            "\u202ex",
            "x" * 300,
            "/".join("d" * 50 for _ in range(120)),
            ".staging",
            "https://h/x?s=SECRET",
        ),
    ):
        found.append(
            Attack(
                f"path {path[:30]!r}", Hub(listing(entry(path))), "source-refused", is_short=path == "../x"
            )
        )
    for size in (-1, 10**30, 1.5, True, "5", None):
        found.append(Attack(f"size {size}", Hub(listing(entry(size=size)))))
    huge = listing(entry(size=0)).replace(b'"size": 0', b'"size": 1' + b"0" * 400)
    infinite = listing(entry(size=0)).replace(b'"size": 0', b'"size": Infinity')
    found += [
        Attack("a size of 400 digits", Hub(huge), is_short=True),
        Attack("a size without an end", Hub(infinite)),
        Attack("a file that is a folder", Hub(listing(entry("a"), entry("a/b"))), "source-refused"),
        Attack("a path twice", Hub(listing(entry("a"), entry("a"))), "source-refused"),
        Attack("deep JSON", Hub(b"[" * 200_000), "source-refused", is_short=True),
        Attack("no JSON", Hub(b"<html>"), "source-refused"),
        Attack("a list of numbers", Hub(b'{"siblings": [1, 2]}'), "source-refused"),
        Attack("null", Hub(b"null"), "source-refused"),
        Attack("a list without an end", Hub(endless)),
        Attack("a list that drips", Hub(drips)),
        Attack("a status line of noise", Hub(noise)),
    ]
    return found


def attacks_of_answers() -> list[Attack]:
    honest, found = listing(entry()), []
    for location in (
        *(
            "http://[",
            "http://127.0.0.1:abc/?s=SECRET",
            "http://127.0.0.1:99999/",
            "//",
            "http:///x?s=SECRET",
        ),
        *(
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "javascript:1",
            "http://127.0.0.1:1/\x01",
            "http://xn--/",
        ),
    ):
        found.append(
            Attack(
                f"a file redirects to {location!r}",
                Hub(honest, redirect(location)),
                is_short=location == "http://[",
            )
        )
        found.append(Attack(f"the list redirects to {location!r}", Hub(redirect(location))))
    escapes = "\x1b]0;x\x07\x1b[31mpwn"
    for status in (401, 403, 404, 418):
        refusal = refuses(status, X_Error_Message=f"{escapes} https://u:SECRET@h/?t=SECRET")
        found.append(
            Attack(
                f"refusal {status} with escapes and an address", Hub(honest, refusal), is_short=status == 403
            )
        )
        found.append(Attack(f"the list is refused by {status} so", Hub(refusal)))
    gated = refuses(403, X_Error_Code="GatedRepo", X_Error_Message=escapes)
    names = lambda handler: send(handler, 403, X_Error_Message=str(handler.headers["Authorization"]))  # noqa: E731
    found += [
        Attack(
            "a redirect in a circle", Hub(honest, lambda handler: send(handler, 302, Location=handler.path))
        ),
        Attack("a gated model with escapes", Hub(gated), is_short=True),
        Attack("a refusal that names the token", Hub(names), is_short=True),
        Attack(
            "wrong bytes", Hub(honest, lambda handler: send(handler, body=b"y" * 5000)), "checksum-mismatch"
        ),
        Attack("more bytes than listed", Hub(honest, lambda handler: send(handler, body=DATA + b"zzz"))),
        Attack("fewer bytes than listed", Hub(honest, lambda handler: send(handler, body=DATA[:10]))),
        Attack("a file without an end", Hub(honest, endless)),
        Attack(
            "a length that is none",
            Hub(honest, lambda handler: send(handler, body=DATA, Content_Length="abc")),
        ),
        Attack("120 headers", Hub(honest, lambda h: send(h, body=DATA, **MANY))),
        Attack("a header of 70 kB", Hub(honest, lambda handler: send(handler, body=DATA, big="x" * 70_000))),
        Attack("Retry-After of a superscript", Hub(honest, refuses(429, Retry_After="\xb2"))),
        Attack("Retry-After of 10^12 s", Hub(honest, refuses(429, Retry_After="1" + "0" * 12))),
    ]
    return found


def attacks_of_redirects(other: Hub) -> list[Attack]:
    """The token must not go to another origin."""
    port, found = other.server.server_port, []
    for trick in (
        *(
            "http://127.0.0.9:{port}/x",
            "http://{hub}@127.0.0.9:{port}/x",
            "http://127.0.0.9:{port}\\@{hub}/x",
        ),
        *("http://127.0.0.9:{port}#@{hub}/x", "HTTP://127.0.0.9:{port}/", "http:\\\\127.0.0.9:{port}/x"),
    ):

        def behave(handler: BaseHTTPRequestHandler, trick: str = trick) -> None:
            send(handler, 302, Location=trick.format(hub=handler.headers["Host"], port=port))

        def check(_: Path) -> list[str]:
            return ["the token went elsewhere"] if any(other.tokens) else []

        found.append(
            Attack(f"a redirect {trick}", Hub(listing(entry()), behave), check=check, is_short="/x" in trick)
        )
    return found


def attacks_of_links() -> list[Attack]:
    def plant(name: str, target: str = "precious") -> Callable[[Path], None]:
        def prepare(root: Path) -> None:
            at = root / "model" / name
            at.parent.mkdir(parents=True, exist_ok=True)
            at.symlink_to(root / target)

        return prepare

    found = []
    for name in (
        *(".staging/parts/model.safetensors.part", ".staging/manifest.json.new", ".staging/finished.jsonl"),
        *("model.safetensors", ".staging/manifest.json"),
    ):
        found.append(
            Attack(f"a planted link: {name}", Hub(listing(entry())), prepare=plant(name), is_short=True)
        )

    def pipe(name: str) -> Callable[[Path], None]:
        def prepare(root: Path) -> None:
            at = root / "model" / name
            at.parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(at)

        return prepare

    for name in (
        ".staging/manifest.json",
        ".staging/leases/000001.json",
        ".staging/finished.jsonl",
        "model.safetensors",
    ):
        found.append(
            Attack(f"a planted pipe: {name}", Hub(listing(entry())), prepare=pipe(name), is_short=True)
        )
    folder = Hub(listing(entry("sub/m")))
    found.append(Attack("a planted link: a folder", folder, prepare=plant("sub", "outside"), is_short=True))
    parts = Hub(listing(entry()))
    found.append(
        Attack("a planted link: parts", parts, prepare=plant(".staging/parts", "outside"), is_short=True)
    )
    return found


def attacks_of_indexes() -> list[Attack]:
    signed = "?X-Amz-Signature=SECRET"
    contents = {
        "a blank": with_url(f"HUB/my model{signed}"),
        "a control letter": with_url(f"HUB/m\1{signed}"),
        "a letter that is not ASCII": with_url(f"HUB/m\xe9{signed}"),
        "a bad port": with_url(f"http://127.0.0.1:bad/x{signed}"),
        "an address that has expired": with_url(f"HUB/403{signed}"),
        "an address that is a number": with_url(5),
        "a file's address": with_url(f"file:///etc/passwd{signed}"),
        "a user's name": with_url(f"http://SECRET@127.0.0.1:1/x{signed}"),
        "only addresses": {"files": [f"https://b.s3/x{signed}"]},
        "an address in the path": {
            "files": [{**entry(f"https://b.s3/x{signed}"), "path": f"https://b.s3/x{signed}"}]
        },
        "a number of files": {"files": 5},
        "a list": "[]",
        "depth": "[" * 200_000,
        "no address": {"files": [{"path": "m", "size": 5000, "sha256": SHA, "x": signed}]},
        "a key twice": '{"files": [], "files": []}',
    }

    def file(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 403 if "403" in handler.path else 200, DATA, X_Amz="SECRET")

    return [
        Attack(f"an index with {name}", Hub(b"", file), source=of_index(content), is_short=True)
        for name, content in contents.items()
    ]


def main() -> None:
    attacks = Attacks("a hub and an index that lie, planted links")
    other = Hub(listing(entry()), host="127.0.0.9")
    found = [
        *attacks_of_lists(),
        *attacks_of_answers(),
        *attacks_of_redirects(other),
        *attacks_of_links(),
        *attacks_of_indexes(),
    ]
    said: list[str] = []
    with (
        mock.patch.object(log, "line", lambda text: said.append(log.redact(text))),
        ThreadPoolExecutor(6) as pool,
    ):
        for name, survived, detail in pool.map(Attack.run, [one for one in found if IS_LONG or one.is_short]):
            attacks.result(name, survived, detail)
    attacks.result("the log holds no secret and no escape", not told("\n".join(said)), f"{len(said)} lines")
    attacks.result("no token went to another origin", not any(other.tokens), str(other.tokens[:3]))
    attacks.end()


if __name__ == "__main__":
    main()
