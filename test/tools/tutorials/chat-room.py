"""A chat room with a thread for each member: chat-room.py [HOST:PORT]"""

import re
import socket
import threading

import address

room = {}
lock = threading.Lock()


def send(peer, line):
    peer.sendall(f"{line}\n".encode())


def say(speaker, line):
    print(line)
    for name, peer in room.items():
        if name != speaker:
            send(peer, line)


def join(name, peer):
    with lock:
        if not re.fullmatch(r"[^\W_]{1,20}", name) or name in room:
            send(peer, "Taken, or no name: 1 to 20 letters and digits. Another one?")
            return None
        others = ", ".join(room) or "nobody else"
        room[name] = peer
        send(peer, f"* Here: {others}")
        say(name, f"* {name} has joined")
        return name


def leave(name):
    with lock:
        del room[name]
        say(name, f"* {name} has left")


def session(peer, _):
    name = None
    send(peer, "What is your name?")
    with peer, peer.makefile(encoding="utf-8") as lines:
        for line in map(str.rstrip, lines):
            if name is None:
                name = join(line, peer)
            else:
                with lock:
                    say(name, f"{name}: {line}")
    if name is not None:
        leave(name)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for connection...")
address.announce("tcp", server)
while True:
    threading.Thread(target=session, args=server.accept(), daemon=True).start()
