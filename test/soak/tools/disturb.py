"""Disturbs a server: `visit` COUNT times, `flood` and `glut` until killed.

Usage: disturb.py visit | flood | glut COUNT PORT [HELLO]

  visit  connects, sends a byte, and reads until the server closes, again and again
  flood  sends as fast as it can, and reads nothing
  glut   likewise, in small messages, each of which the server answers

HELLO is sent first.
"""
import socket
import sys

how, count, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
hello = sys.argv[4].encode() if len(sys.argv) > 4 else b""

if how == "visit":
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"x")
            try:
                while client.recv(1024):
                    pass
            except ConnectionError:
                pass
else:
    chunk = b"f" * (256 * 1024 if how == "flood" else 64)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(hello)
        print("floods", flush=True)
        try:
            while True:
                client.sendall(chunk)
        except ConnectionError:
            pass
