"""Says to those who wait for a machine how it went: one JSON object, put to the address that they gave.

put_signal.py ADDRESS_FILE SUCCESS|FAILURE WHO

What there is to say comes on standard input. The address lets everybody answer who knows it, so it comes as a
file and never shows. The object is that of a CloudFormation wait condition, which others may take, too.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

#: A reason is shown in one line of an error; what is cut out lies between who is to blame and the last lines.
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
    """Without colours and the like: who waits answers in XML, which cannot hold an escape."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


def signal(status: str, who: str, text: str) -> bytes:
    reason = shortened(plain(text))
    content = {"Status": status, "Reason": reason, "UniqueId": who, "Data": socket.gethostname()}
    return json.dumps(content).encode()


def put(address: str, body: bytes) -> None:
    # Such an address is signed for a request without this header, and the library would fill it in.
    request = urllib.request.Request(address, data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=_SECONDS):
        pass


def main(address_file: str, status: str, who: str) -> None:
    address = Path(address_file).read_text(encoding="utf-8").strip()
    body = signal(status, who, sys.stdin.read())
    try:
        put(address, body)
    except urllib.error.HTTPError as error:
        sys.exit(f"the signal was answered with {error.code}")
    except Exception as error:
        # Its text may hold the address.
        sys.exit(f"the signal was not taken: {type(error).__name__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
