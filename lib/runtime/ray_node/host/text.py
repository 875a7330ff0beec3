"""Words of others in ours: nothing that a terminal obeys, no address, no query."""

import re

#: All but tab and line feed: what a terminal obeys, and what hides or turns around the letters beside it.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{1,3}[^\s'\"]*")
_QUERY = re.compile(r"\?[^\s'\"]*")
_HALF = re.compile("[\ud800-\udfff]")


def harmless(text: str) -> str:
    """Lines stay lines; what a terminal would obey becomes a blank."""
    return _HALF.sub("?", _OBEYED.sub(" ", text))


def printable(text: str, maximum: int) -> str:
    """Text as it is, without control characters, which a terminal would obey."""
    cut = text[:maximum]
    return cut if cut.isprintable() else "".join(one if one.isprintable() else " " for one in cut)


def one_line(text: str, maximum: int) -> str:
    return printable(" ".join(text.split()), maximum)


def without_addresses(text: str, maximum: int = 200) -> str:
    """On one line. An address may hold a user's name, its query a signature: both are left out."""
    said = _QUERY.sub("?...", _ADDRESS.sub("<address>", " ".join(text[: 8 * maximum].split())))
    return printable(said, maximum)
