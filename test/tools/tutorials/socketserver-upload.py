"""Keeps files in the folder "uploads": socketserver-upload.py [HOST:PORT]"""

import hashlib
import os
import socketserver

import address


class UploadHandler(socketserver.StreamRequestHandler):
    def handle(self):
        verb, name, size, *wanted = self.rfile.readline().decode().rstrip("\n").split("|")
        part = f"uploads/.{name}.{size}.part"
        have = 0
        if verb == "resume":
            have = os.path.getsize(part) if os.path.exists(part) else 0
            self.wfile.write(f"have|{have}\n".encode())
        self.wfile.write(self.store(part, have, int(size), wanted, name).encode())

    def store(self, part, have, size, wanted, name):
        with open(part, "ab" if have > 0 else "wb") as file:
            while have < size:
                data = self.rfile.read1(min(65536, size - have))
                if not data:
                    return f"error|only {have} of {size} bytes came\n"
                file.write(data)
                have += len(data)
        with open(part, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        if wanted and wanted[0] != digest:
            os.remove(part)
            return "differs|what came is not the file of that SHA-256\n"
        os.rename(part, f"uploads/{name}")
        print(f"Stored {name}, {size} bytes, SHA-256 {digest}")
        return f"done|{digest}\n"


class UploadServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


os.makedirs("uploads", exist_ok=True)
with UploadServer(address.argument(8000), UploadHandler) as server:
    print("Waiting for files, kept in uploads...")
    address.announce("tcp", server.socket)
    server.serve_forever()
