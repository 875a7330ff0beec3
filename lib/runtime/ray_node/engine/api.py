"""The engine's HTTP API as the head uses it: the health probe and one real completion."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

_MAXIMUM_ANSWER_BYTES = 1 << 20
# A proxy of the environment must not come between the head and its own engine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BadCompletion(Exception):
    """The completion did not come, or not as it must be."""


def health_problem(url: str, timeout_seconds: float = 3.0) -> str | None:
    """Why a GET is not answered with 200, as a sentence's end; `None` when it is."""
    try:
        with _opener.open(url, timeout=timeout_seconds) as response:
            return None if response.status == 200 else f"it answers HTTP {response.status}"
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace")
        return f"it answers HTTP {error.code}: {_short(said)}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens on port {urllib.parse.urlsplit(url).port}"
        if isinstance(cause, TimeoutError):
            return f"it accepts connections but did not answer within {timeout_seconds:g} s"
        return str(cause) or type(cause).__name__


def complete(url: str, body: dict[str, Any], must_contain: str | None, timeout_seconds: float) -> str:
    """POST `body` and return the text of the answer. Raises BadCompletion."""
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with _opener.open(request, timeout=timeout_seconds) as response:
            content = response.read(_MAXIMUM_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace")
        raise BadCompletion(
            f"the engine answered the completion request with HTTP {error.code}: {' '.join(said.split())}"
        ) from error
    except OSError as error:
        raise BadCompletion(
            f"no answer to the completion request: {getattr(error, 'reason', error)}"
        ) from error
    text = text_of(content)
    if must_contain is not None and must_contain not in text:
        raise BadCompletion(f"the completion must contain '{must_contain}', got '{_short(text)}'")
    if not text.strip():
        raise BadCompletion("the completion is empty")
    return text


def text_of(content: bytes) -> str:
    """The message text of an OpenAI-style answer, chat or plain. Raises BadCompletion."""
    try:
        choice = json.loads(content)["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise BadCompletion(
            f"the answer is not a completion: '{_short(content.decode(errors='replace'))}'"
        ) from error
    if not isinstance(text, str):
        raise BadCompletion("the completion has no text")
    return text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."
