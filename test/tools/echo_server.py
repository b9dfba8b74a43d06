"""Echoes to one peer: echo_server.py ENDPOINT

Prints its address, and then the length and the SHA-256 of each record, or of the whole stream. A datagram server ends
with its standard input.
"""

import hashlib
import select
import sys

import endpoint

ROOM = 1 << 20


def echo_stream(peer):
    digest, total = hashlib.sha256(), 0
    while data := peer.recv(65536):
        digest.update(data)
        total += len(data)
        peer.sendall(data)
    print(total, digest.hexdigest(), flush=True)


def echo_records(peer):
    while record := peer.recv(ROOM):
        describe(record)
        peer.send(record)


def echo_datagrams(sock):
    while sys.stdin not in select.select([sock, sys.stdin], [], [])[0]:
        data, sender = sock.recvfrom(ROOM)
        describe(data)
        sock.sendto(data, sender)


def describe(data):
    print(len(data), hashlib.sha256(data).hexdigest(), flush=True)


def main():
    sock, address = endpoint.make(sys.argv[1])
    with sock:
        sock.bind(address)
        if not endpoint.is_datagram(sock):
            sock.listen()
        print(endpoint.portable(sock), flush=True)
        if endpoint.is_datagram(sock):
            echo_datagrams(sock)
            return
        peer, _ = sock.accept()
        with peer:
            (echo_stream if endpoint.is_stream(sock) else echo_records)(peer)


main()
