"""Who may hold a connection: bounded over all and by address until it has shown the cluster's token."""

import ipaddress
import itertools

from ray_node.channel.connection import Connection

#: Connections of one address that has not shown the token.
_OF_ONE_ADDRESS = 16
#: Of all addresses that are not on the cluster network, where a path is open to everybody.
_FROM_OUTSIDE = 32
_OF_ONE_OUTSIDE = 4


class Admission:
    """Used by the server's thread alone."""

    def __init__(self, network: ipaddress.IPv4Network, is_open: bool, most: int) -> None:
        """`is_open`: also for addresses outside `network`. `most`: connections at once."""
        self._network = int(network.network_address), int(network.netmask)
        self._is_open = is_open
        self._most = most
        #: Each in the order in which they came.
        self._known: dict[Connection, None] = {}
        self._strangers: dict[Connection, None] = {}
        self._outside: dict[Connection, None] = {}
        self._by_address: dict[str, dict[Connection, None]] = {}

    def all(self) -> tuple[Connection, ...]:
        return (*self._strangers, *self._outside, *self._known)

    def overdue(self, now: float) -> list[Connection]:
        """Those that have had their time."""
        return [one for one in self.all() if not one.is_lent and now >= one.deadline]

    def is_inside(self, address: str) -> bool:
        base, mask = self._network
        try:
            return int(ipaddress.IPv4Address(address)) & mask == base
        except ValueError:
            return False

    def refusal(self, address: str) -> str | None:
        """Why the address gets no connection; `None`: it does."""
        return None if self._is_open or self.is_inside(address) else "outside"

    def room_for(self, address: str) -> list[Connection]:
        """Those that have to go first: of the same address, else the oldest that have not shown the token."""
        inside, own = self.is_inside(address), self._by_address.get(address, {})
        if len(own) >= (_OF_ONE_ADDRESS if inside else _OF_ONE_OUTSIDE):
            return _first(own, 1)
        if not inside and len(self._outside) >= _FROM_OUTSIDE:
            return _first(self._outside, 1)
        if len(self._strangers) >= self._most // 2:
            return _first(self._strangers, 1)
        total = len(self._strangers) + len(self._outside) + len(self._known)
        return self.oldest(1) if total >= self._most else []

    def oldest(self, count: int) -> list[Connection]:
        """Those that others can do without: strangers first, then those that are idle."""
        idle = (one for one in self._known if one.is_idle)
        unknown = _first(self._outside, count) + _first(self._strangers, count)
        return [*unknown, *itertools.islice(idle, count)][:count]

    def enter(self, connection: Connection) -> None:
        (self._strangers if connection.is_inside else self._outside)[connection] = None
        self._by_address.setdefault(connection.address, {})[connection] = None

    def has_shown_token(self, connection: Connection) -> None:
        """From now on it is a node's."""
        if not connection.is_known:
            self.leave(connection)
            connection.is_known = True
            self._known[connection] = None

    def leave(self, connection: Connection) -> None:
        for kept in (self._known, self._strangers, self._outside):
            kept.pop(connection, None)
        own = self._by_address.get(connection.address, {})
        own.pop(connection, None)
        if not own:
            self._by_address.pop(connection.address, None)


def _first(connections: dict[Connection, None], count: int) -> list[Connection]:
    return list(itertools.islice((one for one in connections if not one.is_lent), count))
