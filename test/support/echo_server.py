"""Answers every line with itself, on each port of all addresses. Prints a line when it listens.

echo_server.py PORT ...
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    #: Both families: the kernel maps IPv4 into it.
    address_family = socket.AF_INET6


servers = [Server(("::", int(port)), Echo) for port in sys.argv[1:]]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print("listening", flush=True)
