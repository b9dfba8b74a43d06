"""Sends each message behind its length: framed-client.py [HOST:PORT]"""

import socket
import struct

import address

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(address.argument(8000))
for message in ["Rose", "Think", "Babala", "你好"]:
    data = message.encode()
    client.send(struct.pack("!I", len(data)))
    client.send(data)
    print(f'sent "{message}"')
client.shutdown(socket.SHUT_WR)
size = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))[0]
print("4 messages sent; the server got", client.recv(size, socket.MSG_WAITALL).decode())
client.close()
