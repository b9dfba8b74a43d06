"""Keeps files in the folder "uploads": upload-server.py [HOST:PORT]"""

import hashlib
import os
import socket

import address

os.makedirs("uploads", exist_ok=True)
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(address.argument(8000))
server.listen(5)
print("Waiting for files, kept in uploads...")
address.announce("tcp", server)
while True:
    peer, _ = server.accept()
    stream = peer.makefile("rb")
    verb, name, size, *wanted = stream.readline().decode().rstrip("\n").split("|")
    size = int(size)
    part = f"uploads/.{name}.{size}.part"
    have = 0
    if verb == "resume":
        have = os.path.getsize(part) if os.path.exists(part) else 0
        peer.sendall(f"have|{have}\n".encode())
    with open(part, "ab" if have > 0 else "wb") as file:
        while have < size:
            data = stream.read1(min(65536, size - have))
            if not data:
                break
            file.write(data)
            have += len(data)
    if have < size:
        peer.sendall(f"error|only {have} of {size} bytes came\n".encode())
        stream.close()
        peer.close()
        continue
    with open(part, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if wanted and wanted[0] != digest:
        os.remove(part)
        peer.sendall(b"differs|what came is not the file of that SHA-256\n")
        stream.close()
        peer.close()
        continue
    os.rename(part, f"uploads/{name}")
    print(f"Stored {name}, {size} bytes, SHA-256 {digest}")
    peer.sendall(f"done|{digest}\n".encode())
    stream.close()
    peer.close()
