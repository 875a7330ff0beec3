"""Whether a request may be served: judged by its head, before any content is read."""

from ray_node.channel import signing
from ray_node.channel.connection import Connection
from ray_node.channel.request_head import BadRequest, RequestHead
from ray_node.channel.routes import Routes
from ray_node.channel.signing import Call

MAXIMUM_BODY_BYTES = 256 * 1024


def judge(routes: Routes, server: str, connection: Connection, head: RequestHead) -> Call | None:
    """Everything that can be said without the content; `None`: no signature is wanted. Raises BadRequest."""
    path = head.target.partition("?")[0]
    route = f"{head.method} {path}"
    if route in routes.public:
        if head.length:
            raise BadRequest(413, "unwanted-body", "no body is wanted")
        return None
    if not connection.is_inside:
        raise BadRequest(403, "outside", "not on the cluster network")
    if head.method == "GET" and head.length:
        raise BadRequest(413, "unwanted-body", "no body is wanted")
    if route == f"GET {signing.CHALLENGE_PATH}":
        return None
    if routes.find(route) is None:
        raise BadRequest(404, "unknown-path", "unknown path")
    if head.method == "POST":
        if not head.length:
            raise BadRequest(411, "no-length", "a body is needed")
        if head.length > MAXIMUM_BODY_BYTES:
            text = f"a body may have {MAXIMUM_BODY_BYTES} bytes, this one has {head.length}"
            raise BadRequest(413, "large-body", text)
    return _authenticate(routes, server, connection, head)


def _authenticate(routes: Routes, server: str, connection: Connection, head: RequestHead) -> Call:
    """Raises BadRequest unless the request is signed for this connection and is the next one on it."""
    get, client = head.headers.get, connection.address
    address = get(signing.ADDRESS_HEADER.lower(), "")
    if address != client:
        text = f"the request of '{address[:64]}' came from {client}"
        raise BadRequest(409, "other-address", text)
    call = Call(
        server=server,
        challenge=connection.challenge,
        count=connection.count + 1,
        nonce=get(signing.NONCE_HEADER.lower(), ""),
        address=address,
        method=head.method,
        target=head.target,
        byte_range=get("range", ""),
        content=get(signing.CONTENT_HEADER.lower(), ""),
    )
    is_next = get(signing.COUNT_HEADER.lower(), "") == str(call.count)
    expected = signing.sign_call(routes.token, call)
    if not is_next or not signing.fits(get(signing.SIGNATURE_HEADER.lower()), expected):
        routes.on_wrong_token(client)
        raise BadRequest(401, "wrong-token", "wrong token")
    connection.count = call.count
    return call
