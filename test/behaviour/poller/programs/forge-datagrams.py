"""Sends UDP datagrams to a loopback port, one for each line of standard input:

  bad   one with a wrong checksum, through a raw socket
  good  a good one, and prints the answer
"""
import socket
import struct
import sys

LOOPBACK = socket.inet_aton("127.0.0.1")
IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
UDP_HEADER = struct.Struct("!HHHH")
# The kernel checks a small datagram as it arrives (CHECKSUM_BREAK, 76 bytes), and a larger one only as it is read,
# after the socket was reported readable.
FORGED_DATA = bytes(512)


def forged(source, destination, data):
    udp = UDP_HEADER.pack(source, destination, UDP_HEADER.size + len(data), 0xDEAD) + data
    ip = IP_HEADER.pack(0x45, 0, IP_HEADER.size + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0, LOOPBACK, LOOPBACK)
    return ip + udp


def main():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if len(sys.argv) == 1:
        return
    server = ("127.0.0.1", int(sys.argv[1]))
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind(("127.0.0.1", 0))
    source = client.getsockname()[1]
    for line in sys.stdin:
        if line == "bad\n":
            raw.sendto(forged(source, server[1], FORGED_DATA), (server[0], 0))
        else:
            client.sendto(b"good", server)
            print("answer", client.recv(1024).decode(), flush=True)


main()
