"""Uploads a file, all of it: upload-client.py FILE [HOST:PORT]"""

import hashlib
import os
import socket
import sys

path = sys.argv[1]
host, port = (sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1:8000").split(":")
with open(path, "rb") as file:
    data = file.read()
name = os.path.basename(path)
client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((host, int(port)))
client.sendall(f"post|{name}|{len(data)}\n".encode())
client.sendall(data)
word, value = client.recv(1024).decode().rstrip("\n").split("|")
if word != "done":
    sys.exit(value)
if value != hashlib.sha256(data).hexdigest():
    sys.exit("what the server has is different")
print(f"Stored {name}, SHA-256 {value}")
client.close()
