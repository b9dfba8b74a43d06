"""Sends each line of standard input and prints the answer, and after the end of input the rest: talk.py ENDPOINT"""

import socket
import sys

import endpoint


def main():
    with endpoint.connect(sys.argv[1]) as sock:
        for line in sys.stdin:
            sock.send(line.rstrip("\n").encode())
            print(sock.recv(1024).decode(), flush=True)
        if not endpoint.is_datagram(sock):
            sock.shutdown(socket.SHUT_WR)
            print("the end" if sock.recv(1024) == b"" else "more", flush=True)


main()
