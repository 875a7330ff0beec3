"""What passes an interface of this network namespace until standard input ends: `sniff.py <interface>`.

The first line of standard input is a JSON list of words. Prints one line of JSON: the ports at which a
connection carried each word in clear, and the ports at which connections carried records of TLS.
"""

import json
import os
import select
import socket
import struct
import sys
from collections import defaultdict

_STDIN = 0
_IPV4, _TCP = 0x0800, 6
_TLS_RECORD = b"\x17\x03\x03"
#: Of one direction of a connection; words may be cut by packets.
_MOST_BYTES = 64 << 20

Stream = tuple[bytes, int, bytes, int]


def main() -> None:
    words = [word.encode() for word in json.loads(os.read(_STDIN, 1 << 16))]
    streams = listen(sys.argv[1])
    found: dict[str, set[int]] = {word.decode(): set() for word in words}
    tls: set[int] = set()
    for (_, source, _, target), content in streams.items():
        port = min(source, target)
        for word in words:
            if word in content:
                found[word.decode()].add(port)
        if _TLS_RECORD in content:
            tls.add(port)
    print(json.dumps({"found": {word: sorted(ports) for word, ports in found.items()}, "tls": sorted(tls)}))


def listen(interface: str) -> dict[Stream, bytearray]:
    streams: dict[Stream, bytearray] = defaultdict(bytearray)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_IPV4)) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        link.bind((interface, _IPV4))
        # The caller may go on.
        print("{}", flush=True)
        while True:
            readable, _, _ = select.select([link.fileno(), _STDIN], [], [])
            if link.fileno() in readable:
                take(link.recv(1 << 17), streams)
            elif not os.read(_STDIN, 1):
                return streams


def take(frame: bytes, streams: dict[Stream, bytearray]) -> None:
    packet = frame[14:]
    if len(packet) < 40 or packet[9] != _TCP:
        return
    begin = (packet[0] & 15) * 4
    end = struct.unpack("!H", packet[2:4])[0] or len(packet)
    source, target = struct.unpack("!HH", packet[begin : begin + 4])
    payload = packet[begin + (packet[begin + 12] >> 4) * 4 : end]
    stream = streams[packet[12:16], source, packet[16:20], target]
    if len(stream) < _MOST_BYTES:
        stream += payload


if __name__ == "__main__":
    main()
