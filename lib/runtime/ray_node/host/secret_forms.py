"""How a secret may look in text: as it is, and as programs encode it. Pure."""

import base64
import json
import urllib.parse

#: Of an encoded form; shorter pieces would be found by chance.
_SHORTEST_ENCODED = 8


def of(secret: str) -> set[str]:
    """Percent, JSON, hexadecimal and base64 forms, the last also within other bytes."""
    content = secret.encode(errors="surrogateescape")
    forms = {
        secret.upper(),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote(secret),
        urllib.parse.quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        content.hex(),
        content.hex().upper(),
        *_base64(content),
    }
    return {secret, *(form for form in forms if len(form) >= _SHORTEST_ENCODED)}


def _base64(content: bytes) -> set[str]:
    """At each place that bytes can have in the encoding; without the letters that also hold others."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        form = encoded[-(-before * 8 // 6) : (before + len(content)) * 8 // 6]
        found |= {form, form.replace("+", "-").replace("/", "_")}
    return found
