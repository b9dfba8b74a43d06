"""Runs commands, only those of a list: command-server.py PATH"""

import socket
import struct
import subprocess
import sys

COMMANDS = [["date"], ["date", "+%A %H:%M"], ["uname", "-a"], ["df", "-h"]]
ALLOWED = {" ".join(argv): argv for argv in COMMANDS}


def send_frame(peer, kind, data):
    peer.sendall(struct.pack("!BI", kind, len(data)) + data)


server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(5)
print(f"Waiting on {sys.argv[1]} for commands...")
while True:
    peer, _ = server.accept()
    with peer.makefile("r") as stream:
        line = stream.readline().rstrip("\n")
    if line in ALLOWED:
        done = subprocess.run(ALLOWED[line], capture_output=True)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        send_frame(peer, 1, done.stdout)
        send_frame(peer, 2, done.stderr)
    else:
        status = 126
        send_frame(peer, 2, ("\n".join(ALLOWED) + "\n").encode())
    print(f"{line}: exit status {status}")
    send_frame(peer, 0, str(status).encode())
    peer.close()
