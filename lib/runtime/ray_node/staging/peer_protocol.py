"""How nodes share a model: two signed GET requests.

`/v2/staging/list?model=...`: the files and from whom to take them; only the head is asked.
`/v2/staging/file?model=...&path=...` with a range: bytes that are there already, at most to the range's end;
204: none so far.
"""

import urllib.parse
from dataclasses import dataclass
from typing import Any

from ray_node.channel.plain import Name, Reason

LIST_PATH = "/v2/staging/list"
FILE_PATH = "/v2/staging/file"


@dataclass(frozen=True)
class Listing:
    """What the head answers."""

    #: As `files.plain` writes them; `None`: the head does not know them yet.
    files: tuple[dict[str, Any], ...] | None
    #: Why the head itself cannot get the model.
    failure: Reason | None
    #: Addresses to take files from, best first; the head is the last.
    upstreams: tuple[Name, ...]


def target(endpoint: str, **parameters: str) -> str:
    return f"{endpoint}?{urllib.parse.urlencode(parameters)}"
