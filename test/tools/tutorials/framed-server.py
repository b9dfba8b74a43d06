"""Prints one message after the other, each behind its length: framed-server.py [HOST:PORT]"""

import socket
import struct
import time

import address


def recv_exactly(peer, size):
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            break
        data += part
    return data


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for connection...")
address.announce("tcp", server)
while True:
    peer, (host, port) = server.accept()
    print(f"Connection from {host}:{port}")
    total = messages = 0
    while True:
        time.sleep(0.1)
        header = recv_exactly(peer, 4)
        if not header:
            break
        data = recv_exactly(peer, struct.unpack("!I", header)[0])
        total, messages = total + len(data), messages + 1
        print(f'message {messages}: {len(data)} bytes "{data.decode()}"')
    answer = f"{total} bytes in {messages} message(s)".encode()
    peer.sendall(struct.pack("!I", len(answer)) + answer)
    peer.close()
    print(f"Connection from {host}:{port} closed: {messages} message(s)")
