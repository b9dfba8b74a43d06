"""Clients that never finish a line, or never begin one. Usage: dribble.py CLIENTS PERIOD_MS PORT

Every other one sends a byte now and then, the rest send nothing. Prints a line when all are connected, and one when the server has
closed all.
"""
import selectors
import socket
import sys
import time

clients, period, port = int(sys.argv[1]), int(sys.argv[2]) / 1000, int(sys.argv[3])
ADDRESSES = [f"127.{a}.{b}.3" for a in range(1, 5) for b in range(1, 5)]

everyone = {}
selector = selectors.DefaultSelector()
for number in range(clients):
    client = socket.create_connection(("127.0.0.1", port), source_address=(ADDRESSES[number % 16], 0))
    everyone[client] = number % 2 == 0
    selector.register(client, selectors.EVENT_READ)
print("dribbling", flush=True)


def lost(client):
    del everyone[client]
    selector.unregister(client)
    client.close()


due = time.monotonic()
while everyone:
    for key, _ in selector.select(max(0, due - time.monotonic())):
        # The server sends nothing, so a readable socket has reached the end.
        lost(key.fileobj)
    if time.monotonic() < due:
        continue
    due += period
    for client, dribbles in list(everyone.items()):
        if dribbles:
            try:
                client.send(b"d")
            except ConnectionError:
                lost(client)
