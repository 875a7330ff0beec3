"""The HTTP server of the node program: signed requests of nodes of the cluster, answered by routes.

One thread reads and writes for all connections, which are bounded in number, size and time until they have
shown the cluster's token. What may take long runs in threads of its own, a bounded number.
"""

import contextlib
import resource
import selectors
import socket
import threading

from ray_node.channel import request_head, signing
from ray_node.channel.admission import Admission
from ray_node.channel.connection import Connection, Gone, NoTls
from ray_node.channel.judge import judge
from ray_node.channel.reply_head import reply_head
from ray_node.channel.request_head import BadRequest, RequestHead
from ray_node.channel.returns import Returns
from ray_node.channel.routes import Reply, Request, Route, Routes, served
from ray_node.host import clock, refusals

#: From the connection to the end of its first request, and for each later one.
REQUEST_SECONDS = 5.0
#: A node that has nothing to say for so long reconnects.
IDLE_SECONDS = 30.0
_ANSWER_SECONDS = 20.0
_DRAIN_SECONDS = 1.0
_SWEEP_SECONDS = 0.25
_PUBLIC_WORKERS = 4


class Server:
    """Listens until `close`. Making it raises OSError when the port cannot be opened."""

    def __init__(self, address: str, port: int, routes: Routes) -> None:
        self._routes = routes
        most = max(64, min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3))
        self._admission = Admission(routes.network, bool(routes.public), most)
        self._workers = threading.BoundedSemaphore(routes.workers)
        self._public_workers = threading.BoundedSemaphore(_PUBLIC_WORKERS)
        self._selector = selectors.DefaultSelector()
        self._returns: Returns[tuple[Connection, Reply | None]] = Returns()
        self._closing = False
        self._listener = socket.create_server((address, port), backlog=1024)
        self.port = int(self._listener.getsockname()[1])
        self._name = f"port {self.port}"
        self._at = f"{address}:{self.port}"
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._returns, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self.serve_forever, name=f"server-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._returns.ring()
        self._thread.join(5.0)

    def serve_forever(self) -> None:
        swept = clock.kernel()
        while not self._closing:
            # Whatever happens to one connection, this thread goes on.
            try:
                for key, _ in self._selector.select(_SWEEP_SECONDS):
                    self._attend(key)
                if clock.kernel() - swept >= _SWEEP_SECONDS:
                    swept = clock.kernel()
                    self._sweep(swept)
            except Exception as error:
                refusals.note(self._name, "internal", repr(error))
        for connection in self._admission.all():
            connection.close()
        self._selector.close()
        self._listener.close()
        self._returns.close()

    def _attend(self, key: selectors.SelectorKey) -> None:
        connection = key.data
        if key.fileobj is self._listener:
            self._accept()
        elif key.fileobj is self._returns:
            for returned in self._returns.taken():
                self._take_back(*returned)
        elif isinstance(connection, Connection):
            try:
                self._go_on(connection)
            except NoTls as cause:
                self._drop(connection)
                refusals.note(self._name, cause.code, connection.address)
                if cause.code == "other-authority":
                    self._routes.on_wrong_token(connection.address)
            except Gone:
                self._drop(connection)
            except Exception as error:
                self._drop(connection)
                refusals.note(self._name, "internal", f"{connection.address}: {error!r}")

    def _accept(self) -> None:
        for _ in range(64):
            try:
                link, (address, _) = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # No descriptor is left: those who wait longest go, and nobody is called in a circle.
                refusals.note(self._name, "no-descriptor", error.strerror or "")
                for connection in self._admission.oldest(8):
                    self._drop(connection)
                return
            self._welcome(link, address)

    def _welcome(self, link: socket.socket, address: str) -> None:
        """The address is judged before anything is read."""
        cause = self._admission.refusal(address)
        if cause is not None:
            refusals.note(self._name, cause, address)
            link.close()
            return
        for connection in self._admission.room_for(address):
            refusals.note(self._name, "too-many-connections", connection.address)
            self._drop(connection)
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inside, deadline = self._admission.is_inside(address), clock.kernel() + REQUEST_SECONDS
        try:
            connection = Connection(link, address, inside, deadline, self._routes.tls)
        except OSError:
            # Reset meanwhile, which TLS notices.
            link.close()
            return
        self._admission.enter(connection)
        self._selector.register(connection.link, selectors.EVENT_READ, connection)

    def _go_on(self, connection: Connection) -> None:
        if connection.drains:
            connection.drain()
            return
        if not connection.shake_hands():
            return
        if connection.unsent:
            self._send(connection)
            return
        self._take(connection)

    def _take(self, connection: Connection) -> None:
        while True:
            connection.receive()
            self._read(connection)
            if not connection.holds_more:
                return

    def _read(self, connection: Connection) -> None:
        """Judge what has come so far."""
        try:
            if connection.head is None and not self._read_head(connection):
                return
            head = connection.head
            assert head is not None
            if len(connection.received) >= (head.length or 0):
                body = bytes(connection.received[: head.length or 0])
                del connection.received[: head.length or 0]
                self._serve(connection, head, body)
        except BadRequest as error:
            refusals.note(self._name, error.code, f"{connection.address}: {error}")
            connection.closes = True
            self._answer(connection, Reply(error.status, str(error).encode()))

    def _read_head(self, connection: Connection) -> bool:
        """Whether the head is there. Raises BadRequest unless the sender may go on to send the content."""
        if not connection.received:
            return False
        if connection.is_known:
            connection.deadline = min(connection.deadline, clock.kernel() + REQUEST_SECONDS)
        end = request_head.end_of(connection.received)
        if end == 0:
            return False
        head = request_head.parse(bytes(connection.received[: end - 4]))
        del connection.received[:end]
        connection.head, connection.call = head, None
        connection.closes = connection.closes or not head.stays
        call = judge(self._routes, self._at, connection, head)
        if call is not None:
            connection.call = call
            self._admission.has_shown_token(connection)
        return True

    def _serve(self, connection: Connection, head: RequestHead, body: bytes) -> None:
        routes = self._routes
        path, _, query = head.target.partition("?")
        route, name = f"{head.method} {path}", ""
        call, is_public = connection.call, route in routes.public
        if call is None and not is_public:
            self._answer(connection, Reply(200, connection.challenge.encode()))
            return
        if call is not None:
            if signing.digest(body) != call.content:
                raise BadRequest(401, "wrong-token", "wrong token")
            found = routes.find(route)
            assert found is not None
            route, name = found
        byte_range = call.byte_range if call is not None else ""
        request = Request(connection.address, request_head.parameters(query), byte_range, body, name)
        handler = routes.public[route] if is_public else routes.signed[route]
        if route in routes.quick:
            self._answer(connection, served(handler, request, self._name))
        else:
            self._lend(connection, handler, request, self._public_workers if is_public else self._workers)

    def _lend(
        self, connection: Connection, handler: Route, request: Request, workers: threading.BoundedSemaphore
    ) -> None:
        if not workers.acquire(blocking=False):
            self._answer(connection, Reply(503, b"busy"))
            return
        connection.is_lent = True
        self._selector.unregister(connection.link)

        def work() -> None:
            reply: Reply | None = None
            try:
                reply = served(handler, request, self._name)
                if reply.part is not None:
                    has_gone = reply.part.send(connection.link, self._head(connection, reply))
                    reply = None if has_gone else Reply(0)
            except Exception as error:
                refusals.note(self._name, "internal", f"{request.client}: {error!r}")
                reply = Reply(0)
            finally:
                workers.release()
                self._returns.put((connection, reply))

        threading.Thread(target=work, name=f"{self._name} serves", daemon=True).start()

    def _take_back(self, connection: Connection, reply: Reply | None) -> None:
        """`None`: it has been sent already; status 0: the connection is broken."""
        connection.is_lent = False
        if reply is not None and reply.status == 0:
            self._drop(connection, registered=False)
            return
        self._selector.register(connection.link, selectors.EVENT_READ, connection)
        try:
            if reply is None:
                self._sent(connection)
            else:
                self._answer(connection, reply)
            if connection.holds_more:
                self._take(connection)
        except Gone:
            self._drop(connection)

    def _head(self, connection: Connection, reply: Reply) -> bytes:
        return reply_head(reply, connection.call, self._routes.token, connection.closes)

    def _answer(self, connection: Connection, reply: Reply) -> None:
        is_challenge = connection.head is not None and connection.call is None and connection.is_inside
        if not connection.is_known and not is_challenge:
            connection.closes = True
        connection.unsent = self._head(connection, reply) + reply.body
        if connection.is_known:
            connection.deadline = clock.kernel() + _ANSWER_SECONDS
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        if connection.send():
            self._sent(connection)
        else:
            self._selector.modify(connection.link, selectors.EVENT_WRITE, connection)

    def _sent(self, connection: Connection) -> None:
        connection.head = connection.call = None
        connection.unsent = b""
        self._selector.modify(connection.link, selectors.EVENT_READ, connection)
        if connection.closes:
            connection.drains = True
            connection.deadline = clock.kernel() + _DRAIN_SECONDS
            with contextlib.suppress(OSError):
                connection.link.shutdown(socket.SHUT_WR)
            connection.drain()
            return
        if connection.is_known:
            connection.deadline = clock.kernel() + IDLE_SECONDS
        if connection.received:
            self._read(connection)

    def _sweep(self, now: float) -> None:
        for connection in self._admission.overdue(now):
            if not connection.is_known and not connection.drains:
                refusals.note(self._name, "too-slow", connection.address)
            self._drop(connection)

    def _drop(self, connection: Connection, registered: bool = True) -> None:
        if registered and not connection.is_lent:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(connection.link)
        self._admission.leave(connection)
        connection.close()
