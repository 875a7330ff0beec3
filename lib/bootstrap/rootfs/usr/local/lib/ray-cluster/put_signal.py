"""Sends a signal about this machine: one JSON object, put to a signal URL.

put_signal.py ADDRESS_FILE SUCCESS|FAILURE WHO

The reason comes on standard input. Whoever knows the URL can send signals, so it is read from a file, of
which it is the first word, and never printed. The object has the format of a CloudFormation wait condition.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

#: A reason is shown in one line of an error. The middle is cut: the culprit is first, the log is last.
LONGEST = 1500
_CUT = "\n[...]\n"
_SECONDS = 30.0


def shortened(text: str) -> str:
    text = text.strip()
    if len(text) <= LONGEST:
        return text
    end = LONGEST // 3
    return text[: LONGEST - end - len(_CUT)] + _CUT + text[-end:]


def plain(text: str) -> str:
    """Removes terminal escapes, which CloudFormation cannot return in its XML."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


def signal(status: str, who: str, text: str) -> bytes:
    reason = shortened(plain(text))
    content = {"Status": status, "Reason": reason, "UniqueId": who, "Data": socket.gethostname()}
    return json.dumps(content).encode()


def put(address: str, body: bytes) -> None:
    # The URL is signed for a request without this header, which the library would otherwise add.
    request = urllib.request.Request(address, data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=_SECONDS):
        pass


def main(address_file: str, status: str, who: str) -> None:
    address = Path(address_file).read_text(encoding="utf-8").strip().partition(" ")[0]
    body = signal(status, who, sys.stdin.read())
    try:
        put(address, body)
    except urllib.error.HTTPError as error:
        sys.exit(f"the signal URL answered HTTP {error.code}")
    except Exception as error:
        # Its text may contain the URL.
        sys.exit(f"could not send the signal: {type(error).__name__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
