"""Answers every datagram: udp-server.py [HOST:PORT]"""

import socket

import address

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(address.argument(9000))
print("Bind udp on %s..." % server.getsockname()[1])
address.announce("udp", server)
while True:
    data, name = server.recvfrom(1024)
    print("Received from %s:%s" % name)
    server.sendto(b"Hello, %s" % data, name)
