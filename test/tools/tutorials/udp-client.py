"""Sends two datagrams and prints the answers: udp-client.py [HOST:PORT]"""

import socket

import address

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for name in [b"client1", b"client2"]:
    client.sendto(name, address.argument(9000))
    print("Received %s" % client.recv(1024).decode())
client.close()
