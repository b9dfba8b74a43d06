"""Runs commands, only those of a list: socketserver-command.py PATH"""

import socketserver
import struct
import subprocess
import sys

COMMANDS = [["date"], ["date", "+%A %H:%M"], ["uname", "-a"], ["df", "-h"]]
ALLOWED = {" ".join(argv): argv for argv in COMMANDS}


class CommandHandler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode().rstrip("\n")
        if line in ALLOWED:
            done = subprocess.run(ALLOWED[line], capture_output=True)
            status = done.returncode if done.returncode >= 0 else 128 - done.returncode
            self.send_frame(1, done.stdout)
            self.send_frame(2, done.stderr)
        else:
            status = 126
            self.send_frame(2, ("\n".join(ALLOWED) + "\n").encode())
        print(f"{line}: exit status {status}")
        self.send_frame(0, str(status).encode())

    def send_frame(self, kind, data):
        self.wfile.write(struct.pack("!BI", kind, len(data)) + data)


with socketserver.ThreadingUnixStreamServer(sys.argv[1], CommandHandler) as server:
    print(f"Waiting on {sys.argv[1]} for commands...")
    server.serve_forever()
