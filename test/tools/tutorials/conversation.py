"""One side of a chat: lines of the other side are printed while this side types."""

import socket
import sys
import threading


def talk(peer, name):
    print(f"{name} is here.")
    listener = threading.Thread(target=listen, args=(peer, name))
    listener.start()
    for line in sys.stdin:
        peer.sendall(line.encode())
    peer.shutdown(socket.SHUT_WR)
    listener.join()


def listen(peer, name):
    with peer.makefile(encoding="utf-8") as lines:
        for line in lines:
            print(f"{name}: {line.rstrip()}")
    print(f"{name} has left.")
