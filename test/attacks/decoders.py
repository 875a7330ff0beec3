"""Mutated JSON, messages and heads of requests, in this process: refused with a reason of their own, in time.

decoders.py [--long] [--seed=N]
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator

from report import IS_LONG, ROOT, Attacks

from ray_node.channel import plain, request_head
from ray_node.channel.report import NodeReport, Staged
from ray_node.channel.request_head import BadRequest
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.staging_config import StagingConfig
from ray_node.host import json_input, text
from ray_node.host.json_input import Malformed
from ray_node.host.versions import Versions
from ray_node.staging import addresses
from ray_node.staging.files import BadListing, parse

SEED = next((int(word.partition("=")[2]) for word in sys.argv if word.startswith("--seed=")), 7)
ROUNDS = 200_000 if IS_LONG else 1_500
#: One input of a few kB.
LONGEST_SECONDS = 1.0
#: What is put into every place of a value.
VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.0, -0.0, 0.5, 2**63, -(2**63) - 1, 10**19, 1e308, "", " ", "\0", "\x1b[2J"),
    *("\ud800", "\u202e", "/../../etc/passwd", "..", "x" * 5000, "1e999", "NaN", [], {}, [[]], {"": {}}),
    *({"kind": "path"}, {"kind": []}, {"__class__": 1}, ["x"] * 300, {str(n): n for n in range(300)}),
)
PIECES = (
    *(
        "[" * 40,
        "]" * 40,
        "{" * 40,
        '{"a":' * 40,
        '"',
        "\\",
        "\\u0000",
        "\\ud800",
        "\\udc00\\ud800",
        "1e999",
        "-",
    ),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "9" * 5000,
        "0" * 30,
        "1.",
        ".5",
        "01",
        "\x00",
        "\ufeff",
        "\x7f",
        "é",
        "\u2028",
    ),
    *('"a":1,"a":2', ",", ":", "null", "true", "//", "/**/", "'a'", "\r\n", "\t", "1E+400", "0x10", "1_000"),
)
HEAD_PIECES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"\0",
        b"\x80",
        b"\xff",
        b":",
        b"Content-Length: 5\r\n",
        b"HTTP/0.9",
    ),
    *(
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"transfer-encoding:\tidentity\r\n",
    ),
    *(
        b" folded: x\r\n",
        b"Host: a\r\nHost: b\r\n",
        b"GET",
        b"get",
        b"HTTP/2.0",
        b"HTTP/1.10",
        b"/../..",
        b"%00",
        b"%zz",
    ),
    *(
        b"x" * 9000,
        b"a: b\r\n" * 60,
        "²".encode("latin-1"),
        b"Range: bytes=0-0,5-",
        b"Expect: 100-continue\r\n",
    ),
)
REPORT = NodeReport(
    *("c", "npu-1", "npu", "10.0.0.2", "joined", "because", Versions("2.58.0", "3.11.7"), 8, 8, 0.5),
    staged=Staged(1, False, None, "fetches"),
)
WORKLOAD = ROOT / "test" / "fixtures" / "workload.json"
HEAD = b"POST /report?node=npu-1 HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Length: 5\r\nDate: x"


def paths(value: object, at: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield at
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from paths(child, (*at, key))


def placed(value: object, at: tuple[object, ...], put: object) -> object:
    if not at:
        return put
    if isinstance(value, dict):
        return {key: placed(child, at[1:], put) if key == at[0] else child for key, child in value.items()}
    assert isinstance(value, list)
    return [placed(child, at[1:], put) if key == at[0] else child for key, child in enumerate(value)]


def mutated(example: object, chance: random.Random) -> bytes:
    """Of two kinds: another value somewhere, or letters somewhere in the text."""
    if chance.random() < 0.5:
        places = list(paths(example))
        for _ in range(chance.randint(1, 3)):
            at = chance.choice(places)
            try:
                example = placed(example, at, chance.choice(VALUES))
            except AssertionError:
                continue
        return json.dumps(example).encode("utf-8", "surrogatepass")
    content = json.dumps(example)
    for _ in range(chance.randint(1, 4)):
        begin = chance.randrange(len(content) + 1)
        content = content[:begin] + chance.choice(PIECES) + content[begin + chance.choice((0, 0, 1, 9)) :]
    return content.encode("utf-8", "surrogatepass")


def attack(
    attacks: Attacks,
    name: str,
    make: Callable[[random.Random], bytes],
    read: Callable[[bytes], object],
    refusals: tuple[type[Exception], ...],
) -> None:
    """Everything is read or refused by one of `refusals`, whose text is for people."""
    chance, taken, refused, longest, wrong = random.Random(SEED), 0, 0, 0.0, ""
    for _ in range(ROUNDS):
        content = make(chance)
        began = time.monotonic()
        try:
            read(content)
            taken += 1
        except refusals as error:
            refused += 1
            said = str(error)
            if any(letter in said for letter in "\x1b\0\x9b") or not said or len(said) > 20_000:
                wrong = f"the reason {said!r:.80} of {len(said)} letters, of {content!r:.120}"
        except Exception as error:
            wrong = f"{error!r:.120} of {content!r:.160}"
        longest = max(longest, time.monotonic() - began)
        if wrong:
            break
    good = not wrong and longest < LONGEST_SECONDS and taken > 0 and (refused > 0) == bool(refusals)
    attacks.result(name, good, wrong or f"{taken} taken, {refused} refused, at most {longest * 1000:.0f} ms")


def head_of(chance: random.Random) -> bytes:
    content = HEAD
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(HEAD_PIECES) + content[at + chance.choice((0, 1, 5)) :]
    return content


def read_head(content: bytes) -> object:
    """As the server does; a head that is taken has one meaning for everybody on the way."""
    received = bytearray(content + b"\r\n\r\n")
    end = request_head.end_of(received)
    head = request_head.parse(bytes(received[: end - 4]))
    request_head.parameters(head.target.partition("?")[2])
    lines = bytes(received[: end - 4]).lower().split(b"\r\n")[1:]
    lengths = [line for line in lines if line.partition(b":")[0].strip() == b"content-length"]
    if len(lengths) > 1 or "transfer-encoding" in head.headers or any(b"\n" in line for line in lines):
        raise AssertionError("two readers could see two requests")
    return head


def refuse_escapes(line: str) -> None:
    if len(line) > 50 or any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in line):
        raise AssertionError(f"a terminal would obey {line!r}")
    line.encode()


def read_listing(content: bytes) -> object:
    entry = json_input.object_of(json_input.read(content, json_input.LISTING))
    file = parse(entry)
    if file.path.startswith("/") or ".." in file.path.split("/") or file.size < 0:
        raise AssertionError(f"a path out of the folder: {file.path}")
    return addresses.checked(entry["url"], "")


def main() -> None:
    attacks = Attacks("decoders of what others have written")
    file = {"path": "sub/model.safetensors", "size": 5, "sha256": "0" * 64, "url": "https://b.s3/x?sign=1"}
    source = {
        "kind": "huggingFace",
        "repository": "a/b",
        "revision": "0" * 40,
        "endpoint": "https://h",
        "tokenFile": None,
    }
    model = {
        "name": "model",
        "source": {**source, "include": ["*"], "exclude": []},
        "destination": "/m",
        "placement": "shared",
    }
    staging = {"models": [model], "parallelFiles": 4, "deadlineSeconds": 60.5}
    report = plain.encode(REPORT)
    refused = (Malformed, plain.NotPlain)

    def strictly(kind: type[object]) -> Callable[[bytes], object]:
        return lambda content: plain.decode(kind, json_input.read(content))

    attack(attacks, "JSON", lambda chance: mutated(report, chance), json_input.read, (Malformed,))
    answer = lambda content: json_input.read(content, json_input.ANSWER)  # noqa: E731
    attack(attacks, "JSON of an engine", lambda chance: mutated(report, chance), answer, (Malformed,))
    attack(attacks, "a report", lambda chance: mutated(report, chance), strictly(NodeReport), refused)
    attack(
        attacks,
        "staging",
        lambda chance: mutated(staging, chance),
        strictly(StagingConfig),
        (*refused, ValueError),
    )
    listed = (*refused, BadListing, KeyError, TypeError, ValueError)
    attack(attacks, "a list of files", lambda chance: mutated(file, chance), read_listing, listed)
    given = json.loads(WORKLOAD.read_text())
    parsed = lambda content: workload.parse(content, "local-2x8", "it")  # noqa: E731
    attack(attacks, "a workload", lambda chance: mutated(given, chance), parsed, (ConfigError,))
    attack(attacks, "the head of a request", head_of, read_head, (BadRequest,))
    attack(
        attacks,
        "text for a terminal",
        lambda chance: bytes(chance.randrange(256) for _ in range(chance.randint(1, 60))),
        lambda content: refuse_escapes(text.one_line(content.decode("utf-8", "surrogateescape"), 50)),
        (),
    )
    attacks.end()


if __name__ == "__main__":
    main()
