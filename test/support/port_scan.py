"""Which TCP ports of addresses answer: all 65,535 of each, at once.

port_scan.py ADDRESS ...   prints a line for each: the address, and what answers
"""

from __future__ import annotations

import errno
import resource
import select
import socket
import sys
from collections.abc import Iterator

Target = tuple[str, int]

#: Connections under way. What a filter drops stays among them until the end.
_AT_ONCE = 15_000
#: New ones between two looks at those.
_STEP = 256
#: Longer than the second after which the kernel asks again.
_PATIENCE_SECONDS = 1.5


def main(addresses: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_AT_ONCE + _STEP + 64,) * 2)
    found: dict[str, list[int]] = {address: [] for address in addresses}
    for address, port in answering((address, port) for address in addresses for port in range(1, 65536)):
        found[address].append(port)
    for address, ports in found.items():
        print(address, *sorted(ports))


def answering(targets: Iterator[Target]) -> Iterator[Target]:
    waiting: dict[int, tuple[socket.socket, Target]] = {}
    ready = select.epoll()
    is_more = True
    while is_more or waiting:
        is_full = len(waiting) >= _AT_ONCE
        for _ in range(0 if is_full else _STEP):
            target = next(targets, None)
            if target is None:
                is_more = False
                break
            link, code = connecting(target)
            if code == errno.EINPROGRESS:
                waiting[link.fileno()] = (link, target)
                ready.register(link, select.EPOLLOUT)
            else:
                link.close()
                if code == 0:
                    yield target
        is_waited_for = is_full or not is_more
        events = ready.poll(_PATIENCE_SECONDS if is_waited_for else 0, _AT_ONCE)
        # None of them has said a word: something drops them.
        silent = set(waiting) if is_waited_for and not events else set()
        for number in (*silent, *(number for number, _ in events)):
            link, target = waiting.pop(number)
            ready.unregister(link)
            if number not in silent and link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                yield target
            link.close()


def connecting(target: Target) -> tuple[socket.socket, int]:
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    link = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    return link, link.connect_ex(target)


if __name__ == "__main__":
    main(sys.argv[1:])
