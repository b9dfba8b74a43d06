"""Opens connections from several loopback addresses, and ends them in one way; prints `intact` when every echo was correct.

Usage: churn.py end | reset | half-close | kill CONNECTIONS PORT

  end         echo, then close
  reset       send, then close with SO_LINGER of zero seconds; every other one before it has read the echo
  half-close  send, shut down for writing, read the echo until the server's end, close
  kill        a child process opens a hundred, leaves them in different states, and is killed
"""
import os
import signal
import socket
import struct
import sys

ADDRESSES = [f"127.{a}.{b}.1" for a in range(1, 5) for b in range(1, 5)]
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
IP_BIND_ADDRESS_NO_PORT = 24
AT_ONCE = 100
# The first byte of a connection, which selects what a server of ../servers/ does.
ECHO = b"e"

way, connections, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
made = 0
intact = True


def connected():
    global made
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((ADDRESSES[made % len(ADDRESSES)], 0))
    client.connect(("127.0.0.1", port))
    client.sendall(ECHO)
    made += 1
    return client


def message():
    return b"message %d" % made


def received(client, size):
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def end(client):
    global intact
    sent = message()
    client.sendall(sent)
    intact = intact and received(client, len(sent)) == sent
    client.close()


def reset(client):
    sent = message()
    client.sendall(sent)
    if made % 2 == 0:
        received(client, len(sent))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    client.close()


def half_close(client):
    global intact
    sent = message()
    client.sendall(sent)
    client.shutdown(socket.SHUT_WR)
    intact = intact and received(client, len(sent) + 1) == sent
    client.close()


def kill(count):
    """Kills a child after it has reported its connections: idle, with an unread echo, and half-closed."""
    global made
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        clients = [connected() for _ in range(count)]
        for index, client in enumerate(clients):
            if index % 3 > 0:
                client.sendall(message())
            if index % 3 == 2:
                client.shutdown(socket.SHUT_WR)
        os.write(writing, b"x")
        signal.pause()
    os.read(reading, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    made += count


if way == "kill":
    while made < connections:
        kill(min(AT_ONCE, connections - made))
else:
    finish = {"end": end, "reset": reset, "half-close": half_close}[way]
    while made < connections:
        finish(connected())
print("intact" if intact else "damaged")
