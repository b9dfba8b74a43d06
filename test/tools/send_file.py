"""Sends a file by sendfile(): send_file.py ENDPOINT PATH OFFSET [COUNT]

Prints the bytes that were sent.
"""

import sys

import endpoint


def main():
    path, offset, *count = sys.argv[2:]
    with endpoint.connect(sys.argv[1]) as sock, open(path, "rb") as file:
        print(sock.sendfile(file, int(offset), *map(int, count)), flush=True)


main()
