"""Reads and writes files of makefile(): file_object.py ENDPOINT

Each line of standard input is a task in JSON, and uses a connection of its own:
{"do": "write", "texts": [...], "mode": "w", "options": {...}} writes the texts, in binary as Latin-1, and closes;
{"do": "read", ...} reads lines until the end, and prints them;
{"do": "pair", "writing": {...}, "reading": {...}, "texts": [...]} does both over a pair of its own, and prints the lines;
{"do": "ask", "texts": [...], "options": {...}} writes each text, without a flush, and prints the line of the answer.
"""

import json
import socket
import sys

import endpoint


def portable(piece):
    return piece.decode("latin-1") if isinstance(piece, bytes) else piece


def tell(pieces):
    print(json.dumps([portable(piece) for piece in pieces]), flush=True)


def write(sock, task, texts):
    with sock, sock.makefile(task["mode"], **task["options"]) as file:
        file.writelines(text.encode("latin-1") if "b" in task["mode"] else text for text in texts)


def read(sock, task):
    with sock, sock.makefile(task["mode"], **task["options"]) as file:
        tell(file)


def ask(sock, task):
    with sock, sock.makefile("rw", **task["options"]) as file:
        for text in task["texts"]:
            file.write(text)
            tell([file.readline()])


def main():
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "pair":
            left, right = socket.socketpair()
            write(left, task["writing"], task["texts"])
            read(right, task["reading"])
            continue
        sock = endpoint.connect(sys.argv[1])
        if task["do"] == "write":
            write(sock, task, task["texts"])
        elif task["do"] == "read":
            read(sock, task)
        else:
            ask(sock, task)


main()
