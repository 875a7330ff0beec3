"""The head of an HTTP/1.1 answer. Pure."""

from ray_node.channel import signing
from ray_node.channel.routes import Reply
from ray_node.channel.signing import Call

_REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 503: "Service Unavailable"}


def reply_head(reply: Reply, call: Call | None, token: str, closes: bool) -> bytes:
    """`call`: what it answers; `None`: a request that was not signed, whose sender may not hold the token."""
    part = reply.part
    lines = [
        f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Refused')}",
        f"Content-Length: {len(reply.body) if part is None else part.end - part.start}",
        f"Connection: {'close' if closes else 'keep-alive'}",
    ]
    if part is not None:
        lines.append(f"Content-Range: bytes {part.start}-{part.end - 1}/*")
    elif call is not None:
        signature = signing.sign_answer(token, call, reply.status, reply.body)
        lines.append(f"{signing.SIGNATURE_HEADER}: {signature}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
