"""Whether an engine serves: the questions of the plan, and what their answers must hold."""

import io
import json
import math
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ray_node.config.engine_config import ProofRequest
from ray_node.engine.api import Answer, EngineClient, NoAnswer, short
from ray_node.host import json_input

#: An engine that can do something else answers so. Any other error is a failure of what it can do.
_OTHER_KIND = (400, 404, 405, 422, 501)
#: Too busy, too early: the next start may do better.
_PASSING = (408, 425, 429)
_SOUND_SECONDS = 1
_SOUND_HERTZ = 16_000


class NotProven(Exception):
    """The answer did not come, or not as it must be."""


class Refused(NotProven):
    """The engine works and has refused the question: it would refuse it again after a restart."""


@dataclass(frozen=True)
class Proven:
    #: What the engine has answered, in short.
    text: str
    #: Of the question that was answered, e.g. `completion`.
    kind: str
    #: Questions that the engine refused before, each with its words.
    refused: tuple[str, ...] = ()


def prove(client: EngineClient, requests: Sequence[ProofRequest], timeout_seconds: float) -> Proven:
    """Ask until a question is answered. Raises NotProven."""
    refused: list[str] = []
    for request in requests:
        answer = _ask(client, request, timeout_seconds)
        if answer.status == 200:
            return Proven(judge(request, answer.content), request.kind, tuple(refused))
        what = f"POST {request.path} with HTTP {answer.status}: {answer.words}"
        if answer.status in (401, 403):
            raise Refused(f"the engine answered {what}. {_KEY}")
        if (answer.status >= 500 and answer.status not in _OTHER_KIND) or answer.status in _PASSING:
            raise NotProven(f"the engine answered {what}")
        refused.append(what)
        if answer.status not in _OTHER_KIND:
            break
    raise Refused(f"the engine answered {'; '.join(refused)}. {_PROOF}")


_KEY = "Set apiKeys to the file with a key that the engine takes"
_PROOF = (
    "Set the engine's proof to what this model answers: Proof.chat(), completion(), embedding(), rerank(), "
    "pooling(), transcription() or custom()"
)


def judge(request: ProofRequest, content: bytes) -> str:
    """What the answer says, in short. Raises NotProven when it is not what the question asks for."""
    try:
        text, all_text = _JUDGES[request.kind](content)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        said = short(content.decode(errors="replace"))
        raise NotProven(f"the answer is not {_NAMES[request.kind]}: '{said}'") from error
    if request.expect is not None and request.expect not in all_text:
        raise NotProven(f"the answer must contain '{request.expect}', got '{short(all_text)}'")
    return text


def _ask(client: EngineClient, request: ProofRequest, timeout_seconds: float) -> Answer:
    if request.kind == "transcription":
        content, content_type = _form(request.body, _sound())
    else:
        content, content_type = json.dumps(request.body).encode(), "application/json"
    try:
        answer = client.post(request.path, content, content_type, timeout_seconds)
    except NoAnswer as error:
        raise NotProven(f"no answer to POST {request.path}: {error}") from error
    return Answer(_inner_status(answer), answer.content) if answer.status == 200 else answer


def _inner_status(answer: Answer) -> int:
    """Some servers say 200 around an error."""
    try:
        error = json_input.read(answer.content, json_input.ANSWER)["error"]
        code = error["code"] if isinstance(error, dict) else 400
        return code if isinstance(code, int) and code >= 400 else 400
    except (ValueError, KeyError, TypeError):
        return 200


def _generated(content: bytes) -> tuple[str, str]:
    """Text, or reasoning where all tokens went there, or at least tokens that are counted."""
    answer = json_input.read(content, json_input.ANSWER)
    choice = answer["choices"][0]
    message = choice["message"] if "message" in choice else {"content": choice["text"]}
    said = message.get("content")
    if not isinstance(said, str | None):
        raise ValueError
    reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
    if said and said.strip():
        return said, said + reasoning
    if isinstance(reasoning, str) and reasoning.strip():
        return f"(reasoning) {reasoning}", reasoning
    tokens = (answer.get("usage") or {}).get("completion_tokens") or 0
    if tokens > 0:
        return f"({tokens} tokens without text)", ""
    raise NotProven("the answer holds neither text nor a generated token")


def _embedding(content: bytes) -> tuple[str, str]:
    vector = json_input.read(content, json_input.ANSWER)["data"][0]["embedding"]
    if not vector or not all(_is_number(value) for value in vector):
        raise ValueError
    return f"(a vector of {len(vector)} numbers)", ""


def _ranking(content: bytes) -> tuple[str, str]:
    scores = [result["relevance_score"] for result in json_input.read(content, json_input.ANSWER)["results"]]
    if not scores or not all(_is_number(score) for score in scores):
        raise ValueError
    return f"(scores {', '.join(f'{score:.3g}' for score in scores)})", ""


def _pooled(content: bytes) -> tuple[str, str]:
    """Of one input: a list of numbers, or one list for each token (vLLM's `PoolingResponseData`)."""
    found = json_input.read(content, json_input.ANSWER)["data"][0]["data"]
    numbers = list(_flat(found))
    if not numbers or not all(_is_number(number) for number in numbers):
        raise ValueError
    return f"({len(numbers)} pooled numbers)", ""


def _flat(values: object) -> Iterator[object]:
    if isinstance(values, list):
        for value in values:
            yield from _flat(value)
    else:
        yield values


def _transcript(content: bytes) -> tuple[str, str]:
    text = json_input.read(content, json_input.ANSWER)["text"]
    if not isinstance(text, str):
        raise ValueError
    return f"(transcript) {text}".strip(), text


def _anything(content: bytes) -> tuple[str, str]:
    text = content.decode(errors="replace")
    return short(text), text


_JUDGES: dict[str, Callable[[bytes], tuple[str, str]]] = {
    "chat": _generated,
    "completion": _generated,
    "embedding": _embedding,
    "rerank": _ranking,
    "pooling": _pooled,
    "transcription": _transcript,
    "custom": _anything,
}
_NAMES = {
    "chat": "a chat completion",
    "completion": "a completion",
    "embedding": "an embedding",
    "rerank": "a ranking",
    "pooling": "pooled numbers",
    "transcription": "a transcript",
    "custom": "readable",
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _sound() -> bytes:
    """A tone as a WAV file: one channel of 16 bits."""
    count = _SOUND_SECONDS * _SOUND_HERTZ
    samples = (int(8000 * math.sin(2 * math.pi * 440 * index / _SOUND_HERTZ)) for index in range(count))
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_SOUND_HERTZ)
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
    return made.getvalue()


def _form(fields: dict[str, Any], sound: bytes) -> tuple[bytes, str]:
    """The body and its type: `multipart/form-data` with the fields and the file."""
    boundary = "ray-cluster-proof"
    disposition = "Content-Disposition: form-data; name="
    parts = [f'--{boundary}\r\n{disposition}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    head = f'--{boundary}\r\n{disposition}"file"; filename="proof.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    content = "".join(parts).encode() + head.encode() + sound + f"\r\n--{boundary}--\r\n".encode()
    return content, f"multipart/form-data; boundary={boundary}"
