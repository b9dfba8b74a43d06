"""Sends random bytes to an echo server: echo_client.py ENDPOINT SIZE...

Sends everything before it reads the first echo. Prints for each SIZE (a record, or that many bytes of a stream) the length of
the echo, and the SHA-256 of the sent and of the received bytes.
"""

import hashlib
import os
import sys
import threading

import endpoint

ROOM = 1 << 20


def read_exactly(sock, size):
    data = bytearray()
    while len(data) < size and (part := sock.recv(min(size - len(data), ROOM))):
        data += part
    return data


def send_all(sock, payloads):
    for payload in payloads:
        sock.sendall(payload)


def main():
    payloads = [os.urandom(int(size)) for size in sys.argv[2:]]
    with endpoint.connect(sys.argv[1]) as sock:
        sender = threading.Thread(target=send_all, args=(sock, payloads))
        sender.start()
        for sent in payloads:
            echo = read_exactly(sock, len(sent)) if endpoint.is_stream(sock) else sock.recv(ROOM)
            print(len(echo), hashlib.sha256(sent).hexdigest(), hashlib.sha256(echo).hexdigest(), flush=True)
        sender.join()


main()
