"""Prints what each read gives, not knowing where a message ends: sticky-server.py [HOST:PORT]"""

import socket
import time

import address

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for connection...")
address.announce("tcp", server)
while True:
    peer, (host, port) = server.accept()
    print(f"Connection from {host}:{port}")
    total = reads = 0
    while True:
        time.sleep(0.1)
        data = peer.recv(1024)
        if not data:
            break
        total, reads = total + len(data), reads + 1
        print(f'read {reads}: {len(data)} bytes "{data.decode()}"')
    peer.send(f"{total} bytes in {reads} read(s)".encode())
    peer.close()
    print(f"Connection from {host}:{port} closed: {total} bytes in {reads} read(s)")
