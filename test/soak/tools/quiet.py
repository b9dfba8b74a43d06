"""Quiet connections: each sends a message now and then, without waiting for the previous echo.

Prints the round trips of the echoes as JSON. Usage: quiet.py CONNECTIONS MESSAGES_PER_CONNECTION PERIOD_MS PORT [HELLO]

HELLO is sent first on each connection, and not echoed.
"""
import collections
import json
import selectors
import socket
import sys
import time

MESSAGE_BYTES = 64
PATIENCE_SECONDS = 10

connections, messages, period, port = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000, int(sys.argv[4])
hello = sys.argv[5].encode() if len(sys.argv) > 5 else b""


class Quiet:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(hello)
        self.socket.setblocking(False)
        self.on_the_way = collections.deque()
        self.received = b""

    def send(self, number):
        message = b"%0*d\n" % (MESSAGE_BYTES - 1, number)
        self.on_the_way.append((time.monotonic(), message))
        self.socket.send(message)

    def receive(self):
        """Returns the round trips in ms of the received echoes, and how many echoes were damaged."""
        self.received += self.socket.recv(64 * MESSAGE_BYTES)
        now = time.monotonic()
        round_trips_ms, damaged = [], 0
        while len(self.received) >= MESSAGE_BYTES:
            sent_at, message = self.on_the_way.popleft()
            damaged += self.received[:MESSAGE_BYTES] != message
            self.received = self.received[MESSAGE_BYTES:]
            round_trips_ms.append((now - sent_at) * 1000)
        return round_trips_ms, damaged


selector = selectors.DefaultSelector()
clients = [Quiet() for _ in range(connections)]
for client in clients:
    selector.register(client.socket, selectors.EVENT_READ, client)

start = time.monotonic()
due = collections.deque(
    (start + turn * period + index * period / connections, client)
    for turn in range(messages)
    for index, client in enumerate(clients)
)
total = len(due)
round_trips_ms = []
damaged = 0
while len(round_trips_ms) < total:
    while due and due[0][0] <= time.monotonic():
        due.popleft()[1].send(len(due))
    ready = selector.select(max(0, due[0][0] - time.monotonic()) if due else PATIENCE_SECONDS)
    if not ready and not due:
        break
    for key, _ in ready:
        more, bad = key.data.receive()
        round_trips_ms += more
        damaged += bad

print(json.dumps({"roundTripsMs": round_trips_ms, "damaged": damaged}))
